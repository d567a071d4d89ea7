import type { EventType, RecordedEvent } from '@tollgate/contracts';
import fc from 'fast-check';
import { rowKinds, rowText } from '../snapshot-row.ts';
import type { SnapshotPage } from '../snapshot.ts';
import { evolve, givenUp, placeOf, type Kind, type States, type TokenState } from '../state.ts';
import { happened, recorded, tokenCreated, type Happening } from './events.ts';

const digestOf = (number: number) => number.toString(16).padStart(64, '0');
const minted = (prefix: string, n: number) => `${prefix}_01arz3ndektsv4rrffq69g5fa${n}`;
const overlapUntil = '2026-01-08T00:00:00.000Z';

/** A step of a history: numbers that are turned into an event, whatever they are. */
type Step = readonly [kind: number, a: number, b: number, c: number];

/** A history keeps its own books on what exists, so that all its events could have been decided. */
class Historian {
  readonly happenings: Happening[] = [];
  readonly #tokens: { id: string; digest: string; overlap: string | null }[] = [];
  #accounts = 0;
  #teams = 0;
  #digests = 0;

  add([kind, a, b, c]: Step): void {
    const account = this.#accounts > 0 ? minted('acc', a % this.#accounts) : null;
    const team = this.#teams > 0 ? minted('tea', b % this.#teams) : null;
    const token = this.#tokens[a % Math.max(1, this.#tokens.length)];
    const space = minted('spc', c % 4);
    switch (kind % 18) {
      case 0:
        return this.#push('AccountCreated', {
          accountId: minted('acc', this.#accounts++),
          kind: b % 2 ? 'service' : 'member',
          role: 'member',
        });
      case 1:
        return account ? this.#push('AccountDeactivated', { accountId: account }) : undefined;
      case 2:
      case 3:
        return account
          ? this.#push('MembershipGranted', {
              accountId: account,
              spaceId: space,
              permissions: permissionsOf(b),
              administers: false,
            })
          : undefined;
      case 4:
        return account ? this.#push('MembershipRemoved', { accountId: account, spaceId: space }) : undefined;
      case 5:
        return this.#push('TeamCreated', { teamId: minted('tea', this.#teams++), name: 'A team' });
      case 6:
        return team
          ? this.#push('TeamPolicySet', {
              teamId: team,
              policy: c % 2 ? { allow: { tools: [`a*${c}`] } } : {},
              previous: {},
            })
          : undefined;
      case 7:
        return team
          ? this.#push(c % 2 ? 'TeamProjectAdded' : 'TeamProjectRemoved', {
              teamId: team,
              projectId: minted('prj', a % 3),
            })
          : undefined;
      case 8:
        return this.#push('ProductRegistered', { key: `p${a % 2}`, resources: [{ name: `r ;${b}`, operations: [] }] });
      case 9:
      case 10:
        return account ? this.#create(account, team, a, b, c) : undefined;
      case 11:
        return this.#push('ClockMoved', { now: '2026-01-01T00:00:00.000Z', offsetMs: a });
    }
    return token ? this.#change(token, kind % 18, account, team, c) : undefined;
  }

  #create(accountId: string, teamId: string | null, a: number, b: number, c: number): void {
    const token = { id: minted('tok', this.#tokens.length), digest: digestOf(++this.#digests), overlap: null };
    this.#tokens.push(token);
    const created = tokenCreated('', {
      tokenId: token.id,
      accountId,
      digest: token.digest,
      teamId: b % 3 ? teamId : null,
      scope: c % 2 ? { type: 'multi-space' } : { type: 'single-space', spaceId: minted('spc', c % 4) },
      environment: ([null, 'live', 'test'] as const)[a % 3]!,
      product: `p${b % 2}`,
      expiresAt: a % 2 ? overlapUntil : null,
    });
    this.happenings.push(created);
  }

  #change(
    token: { id: string; digest: string; overlap: string | null },
    kind: number,
    account: string | null,
    team: string | null,
    c: number,
  ): void {
    const tokenId = token.id;
    switch (kind) {
      case 12:
        return account ? this.#push('TokenReassigned', { tokenId, accountId: account, previous: '' }) : undefined;
      case 13:
        return this.#push('TokenTeamChanged', { tokenId, teamId: c % 2 ? team : null, previous: null });
      case 14: {
        const [previousDigest, digest] = [token.digest, digestOf(++this.#digests)];
        Object.assign(token, { digest, overlap: c % 2 ? previousDigest : null });
        return this.#push('TokenRegenerated', {
          tokenId,
          digest,
          previousDigest,
          overlapUntil: c % 2 ? overlapUntil : null,
        });
      }
      case 15:
        if (!token.overlap)
          return this.#push('TokenExpiryChanged', { tokenId, expiresAt: c % 2 ? overlapUntil : null, previous: null });
        this.#push('TokenOverlapEnded', { tokenId, digest: token.overlap });
        token.overlap = null;
        return;
      case 16:
        return this.#push(c % 2 ? 'TokenDeactivated' : 'TokenActivated', { tokenId });
      default:
        return c % 3 ? this.#push('TokenRenamed', { tokenId }) : this.#push('TokenRevoked', { tokenId });
    }
  }

  #push(type: EventType, data: unknown): void {
    this.happenings.push(happened(type, data as never));
  }
}

const permissionsOf = (n: number) => [['*'], ['agents:list'], ['agents:*', 'chat:chat'], []][n % 4]!;

/** Events as an authority could have written them: few accounts, spaces, teams and tokens, and much that happens to them. */
export const histories: fc.Arbitrary<RecordedEvent[]> = fc
  .array(fc.tuple(fc.nat(17), fc.nat(40), fc.nat(40), fc.nat(40)), { minLength: 1, maxLength: 200, size: 'max' })
  .map((steps) => {
    const historian = new Historian();
    for (const step of steps) historian.add(step);
    return recorded(historian.happenings);
  });

/** All states of a history as plain objects: what the replica and the rows of the authority must both amount to. */
export class PlainStates {
  readonly states = new Map<Kind, Map<string, States[Kind]>>();
  /** By digest: its token. */
  readonly superseded = new Map<string, string>();

  constructor(events: readonly RecordedEvent[]) {
    for (const event of events) {
      const place = placeOf(event);
      if (!place) continue;
      const ofKind = this.states.get(place.kind) ?? new Map<string, States[Kind]>();
      this.states.set(place.kind, ofKind);
      const before = ofKind.get(place.key) ?? null;
      const after = evolve(place.kind, before, event);
      if (after === null) ofKind.delete(place.key);
      else ofKind.set(place.key, after);
      if (place.kind !== 'token') continue;
      for (const digest of givenUp(before as TokenState | null, after as TokenState))
        this.superseded.set(digest, place.key);
    }
  }

  /** The page after a cursor, as `replica.snapshot` cuts it. */
  page(after: SnapshotPage['next'], rowsMax: number, logId: string, position: number): SnapshotPage {
    const rows: { kind: number; key: string; text: string }[] = [];
    for (const [kind, ofKind] of this.states) {
      for (const [key, state] of ofKind) rows.push({ kind: rowKinds.indexOf(kind), key, text: rowText(kind, state) });
    }
    for (const [key, text] of this.superseded) rows.push({ kind: rowKinds.indexOf('superseded'), key, text });
    rows.sort((a, b) => a.kind - b.kind || (a.key < b.key ? -1 : 1));
    const rest = rows.filter(
      ({ kind, key }) => !after || kind > after.kind || (kind === after.kind && key > after.key),
    );
    const taken = rest.slice(0, rowsMax);
    const last = taken.at(-1);
    return {
      logId,
      position,
      rows: taken.map(({ kind, key, text }) => `${kind} ${key} ${text}`).join(';'),
      next: last && rest.length > rowsMax ? { kind: last.kind, key: last.key } : null,
    };
  }
}
