/** A SHA-256 digest as eight words. */
export const digestWords = 8;

/** Reads 64 lower-case hex digits into eight words. */
export function digestFromHex(hex: string, words: Int32Array): Int32Array {
  for (let word = 0; word < digestWords; word++) {
    let value = 0;
    for (let at = 8 * word; at < 8 * word + 8; at++) {
      const code = hex.charCodeAt(at);
      value = (value << 4) | (code < 58 ? code - 48 : code - 87);
    }
    words[word] = value;
  }
  return words;
}

/** The 64 lower-case hex digits of eight words. */
export function digestToHex(words: Int32Array): string {
  let hex = '';
  for (const word of words) hex += (word >>> 0).toString(16).padStart(8, '0');
  return hex;
}
