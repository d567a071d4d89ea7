import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mintSecret, parseSecret, type SecretEnvironment } from './secret.ts';

const thirtyTwoBytes = Uint8Array.from({ length: 32 }, (_, index) => index);
const prefixes = fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/);
const environments = fc.constantFrom<SecretEnvironment | null>('live', 'test', null);
const secrets = fc
  .record({ prefix: prefixes, environment: environments, randomBytes: fc.uint8Array({ minLength: 32, maxLength: 32 }) })
  .map(mintSecret);

describe('minting a secret', () => {
  // The checksums were computed with Python: zlib.crc32 over all before the last underscore, then base62.
  it('writes prefix, environment, 64 hex digits and the checksum', () => {
    expect(mintSecret({ prefix: 'sk', environment: 'live', randomBytes: thirtyTwoBytes })).toBe(
      'sk_live_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f_3DysSx',
    );
  });

  it('leaves the environment out for a product that has none', () => {
    expect(mintSecret({ prefix: 'prod', environment: null, randomBytes: thirtyTwoBytes })).toBe(
      'prod_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f_3ESXff',
    );
  });

  it('reads only the view it was given, not the buffer behind it', () => {
    const buffer = new Uint8Array(64).fill(255);
    buffer.set(thirtyTwoBytes, 16);
    const view = buffer.subarray(16, 48);
    expect(mintSecret({ prefix: 'sk', environment: 'test', randomBytes: view })).toBe(
      mintSecret({ prefix: 'sk', environment: 'test', randomBytes: thirtyTwoBytes }),
    );
  });

  it.each(['', 'SK', '1sk', 's_k', 'sk-1', 'sé'])('refuses the prefix %j', (prefix) => {
    expect(() => mintSecret({ prefix, environment: 'live', randomBytes: thirtyTwoBytes })).toThrow(RangeError);
  });

  it('refuses fewer or more than 32 random bytes and an unknown environment', () => {
    expect(() => mintSecret({ prefix: 'sk', environment: 'live', randomBytes: new Uint8Array(31) })).toThrow(/31 came/);
    expect(() => mintSecret({ prefix: 'sk', environment: 'live', randomBytes: new Uint8Array(33) })).toThrow(/33 came/);
    expect(() =>
      mintSecret({ prefix: 'sk', environment: 'prod' as SecretEnvironment, randomBytes: thirtyTwoBytes }),
    ).toThrow(/live, test or null/);
  });
});

describe('parsing a presented text', () => {
  it('returns the prefix and the environment of every minted secret', () => {
    fc.assert(
      fc.property(
        prefixes,
        environments,
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (prefix, environment, bytes) => {
          const parsed = parseSecret(mintSecret({ prefix, environment, randomBytes: bytes }));
          expect(parsed).toEqual({ kind: 'well-formed', prefix, environment });
        },
      ),
    );
  });

  it('never finds a secret well-formed after a change of one character', () => {
    fc.assert(
      fc.property(secrets, fc.nat(), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), (secret, at, other) => {
        const index = at % secret.length;
        fc.pre(secret[index] !== other);
        const changed = secret.slice(0, index) + other + secret.slice(index + 1);
        expect(parseSecret(changed).kind).not.toBe('well-formed');
      }),
      { numRuns: 2000 },
    );
  });

  it('never finds a secret well-formed after a digit or letter of the same kind was changed, wherever it stands', () => {
    const secret = mintSecret({ prefix: 'sk', environment: 'live', randomBytes: thirtyTwoBytes });
    for (let index = 0; index < secret.length; index++) {
      for (const other of '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_') {
        if (other === secret[index]) continue;
        const changed = secret.slice(0, index) + other + secret.slice(index + 1);
        expect(parseSecret(changed).kind).not.toBe('well-formed');
      }
    }
  });

  it('never finds a secret well-formed when two neighbours have changed places', () => {
    fc.assert(
      fc.property(secrets, fc.nat(), (secret, at) => {
        const index = at % (secret.length - 1);
        fc.pre(secret[index] !== secret[index + 1]);
        const swapped = secret.slice(0, index) + secret[index + 1] + secret[index] + secret.slice(index + 2);
        expect(parseSecret(swapped).kind).not.toBe('well-formed');
      }),
      { numRuns: 1000 },
    );
  });

  it('calls our shape with a wrong checksum malformed', () => {
    const hex = 'ab'.repeat(32);
    for (const text of [`sk_live_${hex}_000000`, `prod_${hex}_zzzzzz`, `p2_test_${hex}_ZZZZZZ`]) {
      expect(parseSecret(text)).toEqual({ kind: 'malformed', reason: 'checksum' });
    }
  });

  it('calls any other shape foreign, so that imported keys are looked up', () => {
    const hex = 'ab'.repeat(32);
    const shapes = [
      '',
      'key-of-an-older-system',
      hex,
      `_${hex}_000000`,
      `_live_${hex}_000000`,
      `sk_prod_${hex}_000000`,
      `sk_live_test_${hex}_000000`,
      `SK_live_${hex}_000000`,
      `sk_live_${hex.toUpperCase()}_000000`,
      `sk_live_${hex.slice(2)}_000000`,
      `sk_live_${hex.slice(1)}g_000000`,
      `sk_live-${hex}_000000`,
      `sk0${hex}_000000`,
      `sk_live_${hex}-000000`,
      `sk_live_${hex}_00000`,
      `sk_live_${hex}_00000-`,
      `sk_live_${hex}_00000é`,
      ` sk_live_${hex}_000000`,
      `sk_live_${hex}_000000\n`,
    ];
    for (const text of shapes) expect([text, parseSecret(text).kind]).toEqual([text, 'foreign']);
  });

  it('answers for any text whatever, without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(parseSecret(text).kind).toBe('foreign');
      }),
    );
  });
});
