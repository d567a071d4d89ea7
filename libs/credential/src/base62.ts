const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Value of each ASCII character code as a base62 digit, or -1. */
const digitOf = new Int8Array(128).fill(-1);
for (let digit = 0; digit < alphabet.length; digit++) digitOf[alphabet.charCodeAt(digit)] = digit;

/** Six base62 characters hold 35.7 bits, enough for the 32 of a CRC-32. */
export const checksumLength = 6;

/** An unsigned 32-bit number as six base62 characters, padded on the left with `0`. */
export function encodeChecksum(value: number): string {
  let text = '';
  let rest = value;
  for (let place = 0; place < checksumLength; place++) {
    text = alphabet.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

/**
 * The number that the six characters from `at` on stand for, or -1 when one of them is no base62 digit.
 * It may exceed 32 bits; such a number equals no CRC-32. Every number has one spelling only.
 */
export function decodeChecksum(text: string, at: number): number {
  let value = 0;
  for (let index = at; index < at + checksumLength; index++) {
    const code = text.charCodeAt(index);
    const digit = code < 128 ? (digitOf[code] as number) : -1;
    if (digit < 0) return -1;
    value = value * 62 + digit;
  }
  return value;
}
