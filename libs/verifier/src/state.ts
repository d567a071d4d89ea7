import {
  isEventType,
  type AccountKind,
  type EventData,
  type EventType,
  type ProductResource,
  type RecordedEvent,
  type TeamPolicy,
} from '@tollgate/contracts';

/**
 * What decisions rest on, as a fold of the log: one state for each of these things, and every event that matters changes
 * the state of exactly one of them. The replica keeps the states in memory; the authority keeps them as rows
 * (`snapshot-row.ts`), so that a verifier can begin with them instead of with the first event. Both fold with this file.
 */
export interface States {
  readonly clock: ClockState;
  readonly product: ProductState;
  readonly team: TeamState;
  readonly account: AccountState;
  readonly membership: MembershipState;
  readonly token: TokenState;
}
export type Kind = keyof States;

/** How far the development clock is ahead of the wall clock; never in production. */
export interface ClockState {
  readonly offsetMs: number;
}

export interface ProductState {
  readonly key: string;
  readonly resources: readonly ProductResource[];
}

export interface TeamState {
  readonly id: string;
  readonly policy: TeamPolicy;
  readonly projects: readonly string[];
}

export interface AccountState {
  readonly id: string;
  readonly kind: AccountKind;
  readonly active: boolean;
}

/** Absent once the account was removed from the space. */
export interface MembershipState {
  readonly spaceId: string;
  readonly accountId: string;
  /** As they were granted: `agents:list`, `agents:*`, `*`. */
  readonly permissions: readonly string[];
}

export interface TokenState {
  readonly id: string;
  readonly orgId: string;
  readonly accountId: string;
  /** The one space of a single-space token; null for multi-space. */
  readonly spaceId: string | null;
  readonly product: string;
  /** null for a product without environments. */
  readonly environment: 'live' | 'test' | null;
  readonly teamId: string | null;
  /** Unix milliseconds; Infinity when the token never expires. */
  readonly expiresAtMs: number;
  /** Revoked is final, whatever comes after it. */
  readonly status: 'active' | 'inactive' | 'revoked';
  /** Of the live secret, 64 lower-case hex digits; '' when there is none. */
  readonly digest: string;
  /** The secret before, which holds as well until this authority time (Unix milliseconds). */
  readonly overlap: { readonly digest: string; readonly untilMs: number } | null;
}

/** What an event does to one state. `state` is null before the thing exists; `next` is null once it is gone. */
interface Effect<T extends EventType, K extends Kind = Kind> {
  readonly kind: K;
  key(data: EventData<T>): string;
  next(state: States[K] | null, data: EventData<T>, event: RecordedEvent): States[K] | null;
}

type Effects = { readonly [T in EventType]: { [K in Kind]: Effect<T, K> }[Kind] | 'nothing' };

/** The state that an event changes. */
export interface Place {
  readonly kind: Kind;
  /** Names the state among those of its kind: an id, `<account>.<space>` for a membership. */
  readonly key: string;
}

/** The key of a membership. Account first: in the order of keys, the memberships of one account lie together, in the order of spaces. */
const membershipKey = (accountId: string, spaceId: string): string => `${accountId}.${spaceId}`;

/** The inverse of `membershipKey`. */
export function partsOfMembershipKey(key: string): { accountId: string; spaceId: string } {
  const dot = key.indexOf('.');
  return { accountId: key.slice(0, dot), spaceId: key.slice(dot + 1) };
}

/**
 * Where an event takes effect; null when no decision rests on it.
 * Throws a RangeError for a type of event that this program does not know: the event may take access away, so a verifier
 * older than its log answers nothing rather than something wrong.
 */
export function placeOf(event: RecordedEvent): Place | null {
  const effect = effectOf(event);
  return effect && { kind: effect.kind, key: effect.key(event.data) };
}

/** The state after an event that takes effect on it. Throws a RangeError when the thing should exist and does not. */
export function evolve<K extends Kind>(kind: K, state: States[K] | null, event: RecordedEvent): States[K] | null {
  const effect = effectOf(event);
  if (effect?.kind !== kind) throw new RangeError(`${event.type} has no effect on a ${kind}.`);
  return effect.next(state, event.data, event) as States[K] | null;
}

/** Digests that a token gave up between two states: they stay known, as superseded, for ever. */
export function givenUp(before: TokenState | null, after: TokenState): string[] {
  if (before === null) return [];
  const kept = [after.digest, after.overlap?.digest];
  return [before.digest, before.overlap?.digest ?? ''].filter((digest) => digest !== '' && !kept.includes(digest));
}

/** Unix milliseconds; Infinity for never. */
function millisecondsOf(instant: string | null): number {
  return instant === null ? Infinity : Date.parse(instant);
}

/** An effect whose event type the compiler no longer knows. */
interface SomeEffect {
  readonly kind: Kind;
  key(data: unknown): string;
  next(state: unknown, data: unknown, event: RecordedEvent): unknown;
}

function effectOf(event: RecordedEvent): SomeEffect | null {
  const { type } = event;
  if (!isEventType(type)) {
    throw new RangeError(
      `The event at ${event.position} has the unknown type ${type}: this program is older than its log.`,
    );
  }
  const effect = effects[type];
  return effect === 'nothing' ? null : (effect as SomeEffect);
}

const ofAccount = ({ accountId }: { accountId: string }) => accountId;
const ofTeam = ({ teamId }: { teamId: string }) => teamId;
const ofToken = ({ tokenId }: { tokenId: string }) => tokenId;
const ofMembership = (data: { spaceId: string; accountId: string }) => membershipKey(data.accountId, data.spaceId);

const membership: Effect<'MembershipGranted' | 'MembershipChanged', 'membership'> = {
  kind: 'membership',
  key: ofMembership,
  next: (_, { spaceId, accountId, permissions }) => ({ spaceId, accountId, permissions }),
};

/** A change of a token, which must exist. */
function token<T extends EventType & `Token${string}`>(
  change: (token: TokenState, data: EventData<T>) => Partial<TokenState>,
): Effect<T, 'token'> {
  return {
    kind: 'token',
    key: (data) => ofToken(data as { tokenId: string }),
    next: (state, data, event) => {
      const existing = existingState(state, event);
      return { ...existing, ...change(existing, data) };
    },
  };
}

const status =
  (next: 'active' | 'inactive') =>
  (token: TokenState): Partial<TokenState> =>
    token.status === 'revoked' ? {} : { status: next };

/** A change of a team, which must exist. */
function team<T extends EventType & `Team${string}`>(
  change: (team: TeamState, data: EventData<T>) => Partial<TeamState>,
): Effect<T, 'team'> {
  return {
    kind: 'team',
    key: (data) => ofTeam(data as { teamId: string }),
    next: (state, data, event) => {
      const existing = existingState(state, event);
      return { ...existing, ...change(existing, data) };
    },
  };
}

const effects: Effects = {
  OrganizationRegistered: 'nothing',
  OrganizationDetailsChanged: 'nothing',
  ProductDetailsChanged: 'nothing',
  PlanChanged: 'nothing',
  LeakResponseChosen: 'nothing',
  AuditRetentionSet: 'nothing',
  AccountCreated: {
    kind: 'account',
    key: ofAccount,
    next: (_, { accountId: id, kind }) => ({ id, kind, active: true }),
  },
  AccountRoleChanged: 'nothing',
  AccountDeactivated: {
    kind: 'account',
    key: ofAccount,
    next: (state, _, event) => ({ ...existingState(state, event), active: false }),
  },
  AccountErased: 'nothing',
  TeamCreated: { kind: 'team', key: ofTeam, next: (_, { teamId: id }) => ({ id, policy: {}, projects: [] }) },
  TeamPolicySet: team((_, { policy }) => ({ policy })),
  TeamProjectAdded: team(({ projects }, { projectId }) => ({
    projects: projects.includes(projectId) ? projects : [...projects, projectId].sort(),
  })),
  TeamProjectRemoved: team(({ projects }, { projectId }) => ({ projects: projects.filter((id) => id !== projectId) })),
  ProjectCreated: 'nothing',
  SpaceCreated: 'nothing',
  MembershipGranted: membership,
  MembershipChanged: membership,
  MembershipRemoved: { kind: 'membership', key: ofMembership, next: () => null },
  ProductRegistered: { kind: 'product', key: ({ key }) => key, next: (_, { key, resources }) => ({ key, resources }) },
  SeatPriceSet: 'nothing',
  ToolPriceSet: 'nothing',
  TokenCreated: { kind: 'token', key: ofToken, next: (_, data, event) => created(data, event) },
  TokenRenamed: 'nothing',
  TokenReassigned: token((_, { accountId }) => ({ accountId })),
  TokenTeamChanged: token((_, { teamId }) => ({ teamId })),
  TokenExpiryChanged: token((_, { expiresAt }) => ({ expiresAtMs: millisecondsOf(expiresAt) })),
  // The secret before an overlap that still runs ends here: a token has two live secrets at most.
  TokenRegenerated: token((_, { digest, previousDigest, overlapUntil }) => ({
    digest,
    overlap: overlapUntil === null ? null : { digest: previousDigest, untilMs: millisecondsOf(overlapUntil) },
  })),
  TokenOverlapEnded: token(({ digest, overlap }, { digest: ended }) => ({
    digest: digest === ended ? '' : digest,
    overlap: overlap?.digest === ended ? null : overlap,
  })),
  TokenLeaked: 'nothing',
  // What an organization may spend reaches verifiers another way: see `BalanceView`.
  BalanceToppedUp: 'nothing',
  LowBalanceThresholdSet: 'nothing',
  SpendingCapSet: 'nothing',
  AttemptsRefused: 'nothing',
  AuditRead: 'nothing',
  AuditExported: 'nothing',
  AuditEntriesRemoved: 'nothing',
  ActivityRecorded: 'nothing',
  TokenDeactivated: token(status('inactive')),
  TokenActivated: token(status('active')),
  TokenRevoked: token(() => ({ status: 'revoked' })),
  ClockMoved: { kind: 'clock', key: () => '', next: (_, { offsetMs }) => ({ offsetMs }) },
};

function created(data: EventData<'TokenCreated'>, event: RecordedEvent): TokenState {
  if (event.orgId === null) throw new RangeError(`The token at ${event.position} belongs to no organization.`);
  return {
    id: data.tokenId,
    orgId: event.orgId,
    accountId: data.accountId,
    spaceId: data.scope.type === 'single-space' ? data.scope.spaceId : null,
    product: data.product,
    environment: data.environment,
    teamId: data.teamId,
    expiresAtMs: millisecondsOf(data.expiresAt),
    status: 'active',
    digest: data.digest,
    overlap: null,
  };
}

function existingState<S>(state: S | null, event: RecordedEvent): S {
  if (state === null)
    throw new RangeError(`${event.type} at ${event.position} changes something that was never created.`);
  return state;
}
