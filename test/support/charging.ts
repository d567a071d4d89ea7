import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Caller } from './api.ts';

/** A paid call as its client saw it: every request with the one answer that it got in the end. */
export interface PaidCall {
  readonly chargeId: string;
  readonly answers: readonly { readonly path: string; readonly body: object; readonly answer: Answer }[];
}

export interface Charging {
  readonly calls: readonly PaidCall[];
  /** How often no answer came, or one that says to try again. */
  readonly repeated: number;
  /** Ends once every call under way has its answers. */
  stop(): Promise<void>;
}

/** Whether an answer says what became of the request; else the client asks again, as it is told to. */
const isFinal = ({ status }: Answer): boolean => status < 500;

/**
 * Clients that charge one balance, each one call after the other: reserve, then mostly capture, now and then release, or forget. A
 * request without an answer is repeated unchanged until one comes.
 * @param prefix of the ids of its charges
 */
export function startCharging(data: Caller, tokenId: string, clients: number, prefix = ''): Charging {
  const calls: PaidCall[] = [];
  let repeated = 0;
  let stopped = false;

  async function ask(path: string, body: object): Promise<Answer> {
    for (;;) {
      const answer = await data('POST', path, body).catch(() => null);
      if (answer && isFinal(answer)) return answer;
      repeated += 1;
      await sleep(20);
    }
  }

  async function client(name: number): Promise<void> {
    for (let count = 0; !stopped; count++) {
      const chargeId = `${prefix}c${name}.${count}`;
      const answers: PaidCall['answers'][number][] = [];
      const step = async (path: string, body: object) => {
        const answer = await ask(path, body);
        answers.push({ path, body, answer });
        return answer;
      };
      // Longer than any form of the test: what is forgotten stays open.
      const asked = { chargeId, tokenId, tool: 'search', maxAmountMicros: '100', ttlSeconds: 3600 };
      const reserved = await step('/v1/charges', asked);
      if (reserved.status === 201) {
        if (count % 5 === 3) await step(`/v1/charges/${chargeId}/release`, {});
        else if (count % 5 !== 4)
          await step(`/v1/charges/${chargeId}/capture`, { amountMicros: String(1 + (count % 100)) });
      }
      calls.push({ chargeId, answers });
    }
  }

  const running = Array.from({ length: clients }, (_, name) => client(name));
  return {
    calls,
    get repeated() {
      return repeated;
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
