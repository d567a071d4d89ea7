import 'reflect-metadata';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { OperationMessage } from '@tollgate/bus';
import type { OutputOf, tokensRevokeAll } from '@tollgate/contracts';
import { InMemoryEventLog, type AppendRequest } from '@tollgate/event-log';
import { AuthorityClock } from '../authority-clock.ts';
import { CommandRunner } from '../command-runner.ts';
import type { RevocationBarrier } from '../leases/revocation-barrier.ts';
import type { IdempotencyKeys, KeptAnswer } from '../ports.ts';
import { RequestHash } from '../request-hash.ts';
import type { TokenList, TokenRow } from './ports.ts';
import type { TokenPresenter } from './present.ts';
import { RevokeAll } from './revoke-all.ts';

const org = `org_${'0'.repeat(26)}`;
const [first, second] = [`tok_${'1'.repeat(26)}`, `tok_${'2'.repeat(26)}`] as const;
const created = (tokenId: string) => ({
  type: 'TokenCreated' as const,
  data: {
    ...{ tokenId, name: 'Claude', accountId: `acc_${'0'.repeat(26)}`, scope: { type: 'multi-space' as const } },
    ...{ product: 'default', environment: 'live' as const, teamId: null, expiresAt: null, digest: 'd'.repeat(64) },
    ...{ hint: 'sk_live_...9f3c', prefix: 'sk_live_', managed: false, billable: true, agent: null, imported: false },
  },
});
const meta: AppendRequest['meta'] = {
  ...{ actor: { type: 'operator', id: 'operator' }, correlationId: 'r', causationId: 'r' },
  ...{ requestId: null, contextCommitment: null, traceparent: null },
};

let log: InMemoryEventLog;
let live: string[];
let waited: number[];
let revokeAll: RevokeAll;

/** The log in memory, with what it keeps of keys open to be read; lists and answers as short as the test needs them. */
beforeEach(async () => {
  log = new InMemoryEventLog();
  live = [first, second];
  waited = [];
  const at = '2027-01-01T00:00:00.000Z';
  for (const id of live)
    await log.append({ stream: `token-${id}`, expectedVersion: 0, orgId: org, events: [created(id)], meta, at });
  const kept = new Map<string, KeptAnswer>();
  const store = {
    append: async (request: AppendRequest) => {
      const result = await log.append(request);
      const { idempotency } = request;
      if (idempotency && !result.replayed)
        kept.set(idempotency.key, { ...idempotency, answer: idempotency.answer(result.positions, result.events) });
      return result;
    },
  };
  const keys: IdempotencyKeys = { find: async ({ key }) => kept.get(key) ?? null };
  const clock = new AuthorityClock(() => Date.parse(at));
  revokeAll = new RevokeAll(
    new CommandRunner(log, store, keys, clock, new RequestHash('a key of thirty-two characters, no less')),
    { run: async (position: number) => waited.push(position) } as unknown as RevocationBarrier,
    { presentAll: async (all: { state: unknown }[]) => all.map(({ state }) => state) } as unknown as TokenPresenter,
    clock,
    { find: async () => live.map((id) => ({ id }) as TokenRow) } as unknown as TokenList,
    { waitFor: async () => undefined, rebuild: () => Promise.reject(new Error('not here')) },
    log,
  );
});

async function run(idempotencyKey: string | null, reason = 'the laptop was stolen') {
  const call = { principal: null, requestId: 'r', ip: null, userAgent: null, ifMatch: null, traceparent: null };
  const message = { input: { org, dryRun: false, reason }, call: { ...call, idempotencyKey } };
  const answer: OutputOf<typeof tokensRevokeAll> = await revokeAll.execute(
    message as unknown as OperationMessage<typeof tokensRevokeAll>,
  );
  // From now on the list shows none of them.
  live = [];
  return { position: answer.position, items: answer.items.map(({ id, status }) => `${id} ${status}`) };
}

describe('revoking all', () => {
  const all = { position: 4, items: [`${first} revoked`, `${second} revoked`] };

  it('answers a repetition with what the first call revoked, after the barrier', async () => {
    expect(await run('k')).toEqual(all);
    expect(await run('k')).toEqual(all);
    expect([waited, await log.head()]).toEqual([[4, 4], 4]);
  });

  it('refuses another request under the same key', async () => {
    await run('k');
    await expect(run('k', 'another reason')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('answers a repetition with nothing where the first call found nothing, whatever there is by then', async () => {
    live = [];
    expect(await run('k')).toEqual({ position: 2, items: [] });
    live = [first, second];
    expect(await run('k')).toEqual({ position: 2, items: [] });
    expect(await log.head()).toBe(2);
  });

  it('runs the barrier also when there is nothing to revoke', async () => {
    await run(null);
    expect(await run(null)).toEqual({ position: 4, items: [] });
    expect(waited).toEqual([4, 4]);
  });
});
