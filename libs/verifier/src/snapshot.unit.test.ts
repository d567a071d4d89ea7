import { describe, expect, it } from '@jest/globals';
import type { RecordedEvent } from '@tollgate/contracts';
import { digestSecret } from '@tollgate/credential';
import fc from 'fast-check';
import { digestReplica } from './replica-digest.ts';
import { Replica } from './replica.ts';
import { rowKinds } from './snapshot-row.ts';
import type { SnapshotPage } from './snapshot.ts';
import { histories, PlainStates } from './testing/histories.ts';
import { directory, happened, recorded, secretOf, tokenCreated } from './testing/scenario.ts';

const logId = 'log-1';

const regenerated = happened('TokenRegenerated', {
  tokenId: 'tok_1',
  digest: digestSecret(secretOf(2)),
  hint: '',
  prefix: '',
  previousDigest: digestSecret(secretOf(1)),
  overlapUntil: null,
  reason: null,
});

function replayed(events: readonly RecordedEvent[]): Replica {
  const replica = new Replica(logId);
  for (const event of events) replica.apply(event);
  return replica;
}

/** Loads pages of `rowsMax` rows, each read at a position of its own, and then the rest of the log. */
function fromSnapshot(events: readonly RecordedEvent[], rowsMax: number, positions: readonly number[]): Replica {
  const replica = new Replica(logId);
  let next: SnapshotPage['next'] = null;
  for (let number = 0; number === 0 || next !== null; number++) {
    const position = positions[Math.min(number, positions.length - 1)]!;
    const page = new PlainStates(events.slice(0, position)).page(next, rowsMax, logId, position);
    replica.load(page);
    next = page.next;
  }
  for (const event of events.slice(replica.applied)) replica.apply(event);
  return replica;
}

describe('a replica', () => {
  it('holds the same states as a plain fold of the log', () => {
    fc.assert(
      fc.property(histories, (events) => {
        const replica = replayed(events);
        const { states, superseded } = new PlainStates(events);
        const plain = (kind: Parameters<typeof states.get>[0]) => [...(states.get(kind)?.values() ?? [])];
        const sorted = (items: Iterable<unknown>) => [...items].map((item) => JSON.stringify(item)).sort();
        expect(sorted(replica.tokens)).toEqual(sorted(plain('token')));
        expect(sorted(replica.accounts)).toEqual(sorted(plain('account')));
        expect(sorted(replica.memberships)).toEqual(sorted(plain('membership')));
        expect(sorted(replica.teams)).toEqual(sorted(plain('team')));
        expect(sorted(replica.products)).toEqual(sorted(plain('product')));
        const tombstones = [...replica.tokens.digests()].filter(({ state }) => state === 'superseded');
        expect(new Map(tombstones.map(({ digest, tokenId }) => [digest, tokenId]))).toEqual(superseded);
        for (const account of replica.accounts) {
          const spaces = [...replica.memberships].filter(({ accountId }) => accountId === account.id);
          const walked: string[] = [];
          replica.memberships.walk(replica.accounts.rowOf(account.id), 0, walked);
          expect(walked).toEqual(spaces.map(({ spaceId }) => spaceId).sort());
        }
      }),
      { numRuns: 150 },
    );
  });

  it('is the same from a snapshot, wherever its pages were cut and however far the log went on between them', async () => {
    // How much of the log was there when each page was read: the first pages early enough for much to follow.
    const shares = fc.array(fc.nat(100), { minLength: 3, maxLength: 60 }).map((list) => list.sort((a, b) => a - b));
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 1, max: 3 }), shares, async (events, rowsMax, read) => {
        const positions = read.map((share) => Math.round((events.length * (20 + share)) / 120));
        const replica = fromSnapshot(events, rowsMax, positions);
        expect(replica.applied).toBe(events.length);
        expect(replica.consistentFrom).toBeLessThanOrEqual(events.length);
        expect(await digestReplica(replica)).toEqual(await digestReplica(replayed(events)));
      }),
      { numRuns: 200 },
    );
  });

  it('leaves the superseded secret of a token that came behind its page to the events of that token', async () => {
    const events = recorded([...directory, tokenCreated(secretOf(1)), regenerated]);
    const early = new PlainStates(events.slice(0, directory.length)).page(null, 100, logId, directory.length);
    const late = new PlainStates(events).page({ kind: rowKinds.indexOf('token'), key: '~' }, 100, logId, events.length);
    const replica = new Replica(logId);
    replica.load({ ...early, next: { kind: rowKinds.indexOf('token'), key: '~' } });
    replica.load(late);
    for (const event of events.slice(replica.applied)) replica.apply(event);
    expect(await digestReplica(replica)).toEqual(await digestReplica(replayed(events)));
  });

  it('refuses a page of another log, and one that it cannot read', () => {
    const page = { logId, position: 1, rows: '', next: null };
    expect(() => new Replica('log-2').load(page)).toThrow(/not log-2/);
    for (const rows of ['x', '9 a b', '5 a', '5'])
      expect(() => new Replica(logId).load({ ...page, rows })).toThrow(RangeError);
  });
});
