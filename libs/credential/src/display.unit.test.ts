import { describe, expect, it } from '@jest/globals';
import { digestSecret, digestSecretBytes, digestSecretWords } from './digest.ts';
import { hintOf, prefixOf } from './display.ts';
import { mintSecret } from './secret.ts';

const randomBytes = new Uint8Array(32).fill(7);

describe('what is shown of a secret', () => {
  it('is all before the random part and the last four characters', () => {
    const secret = mintSecret({ prefix: 'sk', environment: 'live', randomBytes });
    expect(hintOf(secret)).toBe(`sk_live_...${secret.slice(-4)}`);
    expect(prefixOf(secret)).toBe('sk_live_');
  });

  it('has no environment when the product has none', () => {
    const secret = mintSecret({ prefix: 'prod', environment: null, randomBytes });
    expect(hintOf(secret)).toBe(`prod_...${secret.slice(-4)}`);
    expect(prefixOf(secret)).toBe('prod_070');
  });

  it('is refused for a text that Tollgate did not mint', () => {
    expect(() => hintOf('short-key')).toThrow(RangeError);
    expect(() => hintOf(`sk_live_${'07'.repeat(32)}_000000`)).toThrow(RangeError);
  });
});

describe('the digest', () => {
  it('is SHA-256 of the UTF-8 text', () => {
    // FIPS 180-2, appendix B.1
    expect(digestSecret('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digestSecretBytes('abc').toString('hex')).toBe(digestSecret('abc'));
    const words = [...digestSecretWords('abc', new Int32Array(8))];
    expect(words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')).toBe(digestSecret('abc'));
  });
});
