import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { crc32OfAscii } from './crc32.ts';

describe('CRC-32', () => {
  it('is that of zlib, for every text and every beginning of it', () => {
    const ascii = fc.array(fc.nat(127), { maxLength: 90 }).map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(ascii, fc.nat(90), (text, length) => {
        const beginning = text.slice(0, length);
        expect(crc32OfAscii(text, beginning.length)).toBe(crc32(beginning));
      }),
      { numRuns: 1000 },
    );
  });

  it('has the check value of the catalogue', () => {
    expect(crc32OfAscii('123456789', 9)).toBe(0xcbf43926);
  });
});
