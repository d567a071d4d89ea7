import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { containsSecret } from './find.ts';
import { mintSecret } from './secret.ts';

const mint = (environment: 'live' | null) => mintSecret({ prefix: 'sk', environment, randomBytes: randomBytes(32) });

describe('containsSecret', () => {
  it('finds a secret wherever it stands in a text', () => {
    for (const secret of [mint('live'), mint(null)]) {
      for (const text of [
        secret,
        `key=${secret}`,
        `x${secret}y`,
        `a_b_${secret}.`,
        `"${secret}"`,
        `${secret}${secret}`,
      ])
        expect(containsSecret(text)).toBe(true);
    }
  });

  it('lets through what is none: hashes, hints, and texts with a wrong checksum', () => {
    const secret = mint('live');
    const wrong = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`;
    for (const text of ['', 'sk_live_...9f3c', 'ab'.repeat(32), `sk_live_${'ab'.repeat(32)}`, wrong])
      expect(containsSecret(text)).toBe(false);
  });
});
