import type { BusClient, CallOptions } from '@tollgate/bus';
import { type AnyOperation, isTollgateError } from '@tollgate/contracts';

/** Organizations remembered at most; the one that changed longest ago is forgotten first. */
const organizationsMax = 10_000;

type Input = Readonly<Record<string, unknown>>;

/**
 * Lets everybody read what was written through this gateway: it remembers the last position that a change of each
 * organization answered, and asks lists for at least that one when the caller names none. A read model that does not get
 * there in time is read as it is: only a caller who asked for a position is refused.
 */
export class OwnWrites {
  readonly #bus: BusClient;
  readonly #positions = new Map<string, number>();

  constructor(bus: BusClient) {
    this.#bus = bus;
  }

  async call(operation: AnyOperation, input: Input, options: CallOptions): Promise<unknown> {
    const written = this.#positionFor(operation, input);
    if (written === undefined) {
      const answer: unknown = await this.#bus.call(operation, input, options);
      this.#note(input, answer);
      return answer;
    }
    try {
      return await this.#bus.call(operation, { ...input, atLeast: written }, options);
    } catch (error) {
      if (!isTollgateError(error, 'READ_MODEL_BEHIND')) throw error;
      return this.#bus.call(operation, input, options);
    }
  }

  #positionFor({ kind, input: { shape } }: AnyOperation, input: Input): number | undefined {
    if (kind !== 'query' || !('atLeast' in shape) || input['atLeast'] !== undefined) return undefined;
    return this.#positions.get(input['org'] as string);
  }

  #note({ org }: Input, answer: unknown): void {
    const position = (answer as { position?: unknown } | null)?.position;
    if (typeof org !== 'string' || typeof position !== 'number') return;
    const known = this.#positions.get(org) ?? 0;
    this.#positions.delete(org);
    this.#positions.set(org, Math.max(known, position));
    if (this.#positions.size > organizationsMax) this.#positions.delete(this.#positions.keys().next().value as string);
  }
}
