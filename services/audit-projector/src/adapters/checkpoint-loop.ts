import type { ObservableResult } from '@opentelemetry/api';
import type { HealthRegistry } from '@tollgate/runtime';
import { createLogger, meter } from '@tollgate/telemetry';
import { ForkError, type CheckpointSigner } from './checkpoint-signer.ts';

/** Half of the second within which what has come is signed. */
const everyMs = 500;
/** A tree is looked at this long after it grew: it is announced before its transaction is committed. */
const lookMs = 3_000;
/** Whatever this process did not see grow: what another one applied and died before it signed. */
const lookAtAllMs = 30_000;

const logger = createLogger('checkpoints');

/** Signs the trees that grow, for as long as the service runs. */
export class CheckpointLoop {
  readonly #signer: CheckpointSigner;
  readonly #grown = new Map<string, number>();
  #nextFullLookMs = 0;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(signer: CheckpointSigner, health: HealthRegistry) {
    this.#signer = signer;
    health.warn('audit checkpoints', () => [...signer.forks.values()]);
    meter
      .createObservableGauge('tollgate_audit_forked_trees', {
        description: 'Trees whose stored hashes contradict a signed checkpoint: nothing is signed for them',
      })
      .addCallback((result: ObservableResult) => result.observe(signer.forks.size));
  }

  /** These trees have more entries than before, or will once a transaction under way is committed. */
  grew(trees: readonly string[]): void {
    for (const tree of trees) this.#grown.set(tree, performance.now() + lookMs);
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running ??= this.#signAll().finally(() => (this.#running = undefined));
    }, everyMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #signAll(): Promise<void> {
    try {
      const nowMs = performance.now();
      if (nowMs >= this.#nextFullLookMs) {
        this.grew(await this.#signer.unsigned());
        this.#nextFullLookMs = nowMs + lookAtAllMs;
      }
      for (const [tree, untilMs] of this.#grown) {
        if (untilMs < nowMs) this.#grown.delete(tree);
        await this.#sign(tree);
      }
    } catch (error) {
      logger.warn({ err: error }, 'checkpoints could not be signed; trying again');
    }
  }

  async #sign(tree: string): Promise<void> {
    const known = this.#signer.forks.get(tree);
    try {
      await this.#signer.signDue(tree);
    } catch (error) {
      if (!(error instanceof ForkError)) throw error;
      if (known !== error.message) logger.error({ err: error, tree }, 'a tree contradicts what was signed');
    }
  }
}
