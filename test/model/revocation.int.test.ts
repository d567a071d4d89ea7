import { describe, expect, it } from '@jest/globals';
import { checks } from './checks.ts';
import { findSpin, runCheck } from './spin.ts';

/** Fetched from Debian where it is not installed; so only a machine that is no Debian and has none goes without. */
const spin = await findSpin().catch((error: Error) => {
  process.stderr.write(`The model of revocation is NOT checked here: no Spin (${error.message.trim()}).\n`);
  return null;
});

(spin === null ? describe.skip : describe)('the model of the promise of revocation', () => {
  it.each(checks)(
    '$name: $expect',
    async (check) => {
      const { ok, line } = await runCheck(spin as string, check);
      expect(ok ? '' : line).toBe('');
    },
    240_000,
  );
});
