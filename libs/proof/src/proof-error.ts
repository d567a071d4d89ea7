/** Something that should prove something does not. The message says what, for whoever checks it. */
export class ProofError extends Error {
  override readonly name = 'ProofError';
}
