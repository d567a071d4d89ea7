import { hash } from 'node:crypto';

/**
 * SHA-256 of a secret's UTF-8 text, 64 lower-case hex digits: all that is ever stored of a secret. The random part has
 * 256 bits, so a plain digest cannot be searched; a slow password hash would only slow down verification.
 */
export function digestSecret(text: string): string {
  return hash('sha256', text, 'hex');
}

/** The same digest as 32 bytes. */
export function digestSecretBytes(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
