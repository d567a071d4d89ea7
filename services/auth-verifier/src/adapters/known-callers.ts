/**
 * The `Authorization` headers of callers that were let through, as they came, until their JWTs expire. A busy caller sends
 * the same header each time, and to compare it costs less than to digest the JWT in it.
 */
export class KnownCallers {
  readonly #expiries = new Map<string, number>();
  readonly #max: number;

  constructor(max = 1000) {
    this.#max = max;
  }

  add(authorization: string, expiresAtMs: number): void {
    if (!this.#expiries.has(authorization) && this.#expiries.size >= this.#max)
      this.#expiries.delete(this.#expiries.keys().next().value as string);
    this.#expiries.set(authorization, expiresAtMs);
  }

  has(authorization: string): boolean {
    const expiresAtMs = this.#expiries.get(authorization);
    if (expiresAtMs === undefined) return false;
    if (expiresAtMs > Date.now()) return true;
    this.#expiries.delete(authorization);
    return false;
  }
}
