import { Agent, request } from 'node:http';
import type { Checker, Outcome, Watched } from './checker.ts';
import type { Fleet, Verifier } from './fleet.ts';
import type { Random } from './random.ts';

/** A paused verifier answers when it goes on, which is what the checker wants to see. */
const patienceMs = 15_000;

export interface TrafficOptions {
  readonly authorization: string;
  /** Loops for each verifier, what one request asks about, and the pause between two. */
  readonly loops: number;
  readonly batch: number;
  readonly pauseMs: number;
}

/** Asks every verifier without end about what the checker wants to know. */
export class Traffic {
  readonly #checker: Checker;
  readonly #options: TrafficOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #loops: Promise<void>[];
  #stopped = false;

  constructor(fleet: Pick<Fleet, 'verifiers'>, checker: Checker, options: TrafficOptions, random: Random) {
    this.#checker = checker;
    this.#options = options;
    this.#loops = fleet.verifiers.flatMap((verifier) =>
      Array.from({ length: options.loops }, () => this.#loop(verifier, random)),
    );
  }

  /** One verification now, by one verifier. */
  async ask(verifier: Verifier, watched: Watched): Promise<Outcome> {
    return (await this.#verify(verifier, [watched]))[0] as Outcome;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #loop(verifier: Verifier, random: Random): Promise<void> {
    const { batch, pauseMs } = this.#options;
    while (!this.#stopped) {
      const asked = this.#checker.asked;
      const first = Math.floor(random.next() * asked.length);
      const turn = [...asked.slice(first), ...asked.slice(0, first)].slice(0, batch);
      const outcomes = turn.length > 0 ? await this.#verify(verifier, turn) : [];
      await new Promise((resolve) => setTimeout(resolve, outcomes[0] === 'undecided' ? pauseMs * 2 : pauseMs));
    }
  }

  async #verify(verifier: Verifier, asked: readonly Watched[]): Promise<Outcome[]> {
    const body = JSON.stringify({ requests: asked.map(({ secret, wishes }) => ({ token: secret, ...wishes })) });
    const beganMs = performance.now();
    const answer = (await this.#post(`${verifier.handle.url}/v1/verify/batch`, body).catch(() => null)) as {
      decisions?: { valid: boolean; code: string }[];
    } | null;
    return asked.map((watched, index) => {
      const decision = answer?.decisions?.[index];
      const outcome =
        !decision || decision.code === 'UNDECIDABLE' ? 'undecided' : decision.valid ? 'accepted' : 'refused';
      this.#checker.verified(watched, verifier.name, beganMs, outcome);
      return outcome;
    });
  }

  #post(url: string, body: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', authorization: this.#options.authorization };
      const sent = request(url, { method: 'POST', agent: this.#agent, headers, timeout: patienceMs }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          try {
            resolve(JSON.parse(Buffer.concat(chunks).toString()));
          } catch (error) {
            reject(error as Error);
          }
        });
      });
      sent.on('error', reject);
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.end(body);
    });
  }
}
