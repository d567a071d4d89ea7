/** The polynomial of CRC-32 (ISO 3309, as in gzip), bits reversed. */
const polynomial = 0xedb88320;

/** For one byte in each of the four places of a word: 4 tables of 256. */
const tables = new Int32Array(4 * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? polynomial ^ (value >>> 1) : value >>> 1;
  tables[byte] = value;
}
for (let index = 256; index < tables.length; index++) {
  const before = tables[index - 256] as number;
  tables[index] = (tables[before & 255] as number) ^ (before >>> 8);
}

/**
 * CRC-32 of the first `length` characters of an ASCII text, unsigned. The same as `zlib.crc32`, without the way out of
 * JavaScript and back, which takes longer than the sum: four characters at a time ("slicing", Kounavis and Berry, 2005).
 */
export function crc32OfAscii(text: string, length: number): number {
  let crc = -1;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    crc ^=
      text.charCodeAt(at) |
      (text.charCodeAt(at + 1) << 8) |
      (text.charCodeAt(at + 2) << 16) |
      (text.charCodeAt(at + 3) << 24);
    crc =
      (tables[768 + (crc & 255)] as number) ^
      (tables[512 + ((crc >>> 8) & 255)] as number) ^
      (tables[256 + ((crc >>> 16) & 255)] as number) ^
      (tables[crc >>> 24] as number);
  }
  for (; at < length; at++) crc = (tables[(crc ^ text.charCodeAt(at)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}
