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

/**
 * The same digest as eight 32-bit words, most significant byte first, written to `words`. For a hot path: of all forms that
 * Node hands a digest out in, a string of bytes costs the least.
 */
export function digestSecretWords(text: string, words: Int32Array): Int32Array {
  const bytes = hash('sha256', text, 'latin1');
  for (let word = 0, at = 0; word < 8; word++, at += 4) {
    words[word] =
      (bytes.charCodeAt(at) << 24) |
      (bytes.charCodeAt(at + 1) << 16) |
      (bytes.charCodeAt(at + 2) << 8) |
      bytes.charCodeAt(at + 3);
  }
  return words;
}
