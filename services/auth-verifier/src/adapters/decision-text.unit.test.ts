import { expect, it } from '@jest/globals';
import { AccountKind, decisionCodes, decisionReasons, type Decision } from '@tollgate/contracts';
import fc from 'fast-check';
import { decisionText } from './decision-text.ts';

const id = (prefix: string) =>
  fc
    .string({ unit: fc.constantFrom(...'0123456789abcdefghjkmnpqrstvwxyz'), minLength: 26, maxLength: 26 })
    .map((text) => `${prefix}_${text}`);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
/** In the order in which a verifier fills a decision. */
const ending = { decisionId: id('dec'), position: fc.nat(), leaseRemainingMs: fc.nat(2000) };
const identified = {
  tokenId: id('tok'),
  orgId: id('org'),
  account: fc.record({ id: id('acc'), kind: fc.constantFrom(...AccountKind.options) }),
  scope: fc.constantFrom('single-space' as const, 'multi-space' as const),
  spaces: fc.array(id('spc'), { maxLength: 4 }),
  teamId: fc.option(id('tea')),
  expiresAt: fc.option(
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }).map((date) => date.toISOString()),
  ),
  previousSecret: maybe(fc.constant(true as const)),
};
const none = fc.constant(undefined);
const accepted = fc.record({
  valid: fc.constant(true),
  code: fc.constant('OK' as const),
  reason: none,
  ...identified,
  ...ending,
});
const refused = fc.record({
  valid: fc.constant(false),
  code: fc.constantFrom(...decisionCodes),
  reason: maybe(fc.constantFrom(...decisionReasons)),
  ...identified,
  account: maybe(identified.account),
  ...ending,
});

it('is what JSON.stringify writes, in ASCII', () => {
  fc.assert(
    fc.property(fc.oneof(accepted, refused), (decision) => {
      const text = decisionText(decision as Decision);
      expect(text).toBe(JSON.stringify(decision));
      expect(text).toMatch(/^[\x20-\x7e]*$/);
    }),
    { numRuns: 500 },
  );
});
