import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import type { TestStack } from '@tollgate/stack';
import { type Callers, must } from './api.ts';
import { holesIn, readLog } from './log.ts';
import type { KnownToken, Load } from './load.ts';

export const projections = ['token-list', 'seats', 'ledger', 'audit', 'replica', 'credentials'] as const;

/** Every read model equals what the log says, byte for byte. */
export async function expectRebuildsIdentical({ operator }: Callers): Promise<void> {
  for (const name of projections) {
    const report = must(200, await operator('POST', `/v1/projections/${name}/rebuild`));
    expect(report).toMatchObject({ projection: name, identical: true, differences: [] });
  }
}

/** What was acknowledged is in the log, where the answer said, with the digest of the secret that it showed. */
export async function expectAcknowledgedInLog(stack: TestStack, load: Load): Promise<void> {
  const events = new Map((await readLog(stack)).map((event) => [event.position, event]));
  const wrong = load.acknowledged.filter(({ position, type, tokenId, secret }) => {
    const event = events.get(position);
    const digest = secret === null ? undefined : createHash('sha256').update(secret).digest('hex');
    const isThere = event?.type === type && event.data['tokenId'] === tokenId;
    return !isThere || (digest !== undefined && event.data['digest'] !== digest);
  });
  expect(wrong).toEqual([]);
  const makers = load.acknowledged.filter(({ type }) => type === 'TokenCreated' || type === 'TokenRegenerated');
  expect(makers.filter(({ secret }) => secret === null)).toEqual([]);
  expect(await holesIn(stack)).toEqual([]);
}

/** The verifier decides every secret that was ever shown as the last acknowledged command on its token wants it. */
export async function expectSecretsDecided({ verifier }: Callers, tokens: readonly KnownToken[]): Promise<void> {
  const reasons = { active: undefined, inactive: 'inactive', revoked: 'revoked' } as const;
  const wanted = tokens.flatMap(({ secret, former, status }) => [
    { token: secret, reason: reasons[status] },
    ...former.map((token) => ({ token, reason: 'superseded' })),
  ]);
  const atLeast = Math.max(0, ...tokens.map(({ position }) => position));
  const found: typeof wanted = [];
  for (let start = 0; start < wanted.length; start += 100) {
    const requests = wanted.slice(start, start + 100).map(({ token }) => ({ token, atLeast }));
    const { decisions } = must(200, await verifier('POST', '/v1/verify/batch', { requests }));
    for (const [index, { valid, reason }] of decisions.entries()) {
      const { token } = requests[index] as { token: string };
      found.push({ token, reason: valid ? undefined : (reason ?? 'none') });
    }
  }
  expect(found).toEqual(wanted);
}
