import {
  type Environment,
  type LeakResponse,
  type TokenScope,
  TollgateError,
  type TollgateEvent,
} from '@tollgate/contracts';
import { type AccountState, theActiveAccount } from './account.ts';
import type { Aggregate } from './aggregate.ts';
import type { MembershipState } from './membership.ts';
import { environmentOf, type ProductState, theProduct } from './product.ts';
import type { SpaceState } from './space.ts';
import { type TeamState, theTeamNamed } from './team.ts';

/**
 * A token: one agent identity, paired with one account.
 *
 *   create → active ⇄ inactive → revoked (final)
 *
 * Expiry is no event of a token: from its instant on, an active or inactive token is expired, for everybody alike.
 */
export type TokenState =
  | { readonly status: 'none' }
  | ({ readonly status: 'active' | 'inactive' } & TokenFacts)
  | ({ readonly status: 'revoked' } & TokenFacts);
export type ExistingToken = Exclude<TokenState, { status: 'none' }>;

interface TokenFacts {
  readonly id: string;
  readonly orgId: string;
  readonly name: string;
  readonly accountId: string;
  readonly scope: TokenScope;
  readonly product: string;
  readonly environment: Environment | null;
  readonly teamId: string | null;
  readonly managed: boolean;
  readonly billable: boolean;
  readonly expiresAt: string | null;
  /** SHA-256 of the live secret. */
  readonly digest: string;
  readonly hint: string;
  readonly prefix: string;
  /** The secret before, while it holds as well. */
  readonly overlap: Overlap | null;
  readonly agent: Agent | null;
  readonly createdAt: string;
  readonly createdBy: string;
}

/** Until `until` the secret before holds beside the live one. */
export interface Overlap {
  readonly digest: string;
  readonly hint: string;
  readonly until: string;
}

/** A managed agent. Its token is changed by rotating and retiring the agent, never by hand. */
export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string | null;
}

type TokenEvent = TollgateEvent<
  | 'TokenCreated'
  | 'TokenRenamed'
  | 'TokenReassigned'
  | 'TokenTeamChanged'
  | 'TokenExpiryChanged'
  | 'TokenRegenerated'
  | 'TokenOverlapEnded'
  | 'TokenDeactivated'
  | 'TokenActivated'
  | 'TokenLeaked'
  | 'TokenRevoked'
>;

export const token: Aggregate<TokenState, TokenEvent> = {
  category: 'token',
  initial: { status: 'none' },
  evolve(state, event) {
    if (event.type === 'TokenCreated') {
      const { tokenId: id, imported: _, ...facts } = event.data;
      const { at: createdAt, meta } = event;
      return {
        ...facts,
        status: 'active',
        id,
        orgId: event.orgId as string,
        overlap: null,
        createdAt,
        createdBy: meta.actor.id,
      };
    }
    if (state.status === 'none') return state;
    switch (event.type) {
      case 'TokenRenamed':
        return { ...state, name: event.data.name };
      case 'TokenReassigned':
        return { ...state, accountId: event.data.accountId };
      case 'TokenTeamChanged':
        return { ...state, teamId: event.data.teamId };
      case 'TokenExpiryChanged':
        return { ...state, expiresAt: event.data.expiresAt };
      case 'TokenRegenerated': {
        const { digest, hint, prefix, previousDigest, overlapUntil: until } = event.data;
        const overlap = until === null ? null : { digest: previousDigest, hint: state.hint, until };
        return { ...state, digest, hint, prefix, overlap };
      }
      case 'TokenOverlapEnded':
        return { ...state, overlap: null };
      case 'TokenDeactivated':
        return { ...state, status: 'inactive' };
      case 'TokenActivated':
        return { ...state, status: 'active' };
      case 'TokenRevoked':
        return { ...state, status: 'revoked', overlap: null };
      default:
        return state;
    }
  },
};

/** A freshly minted secret, as far as the log may know it. */
export interface Credential {
  readonly digest: string;
  readonly hint: string;
  readonly prefix: string;
}

/** Product and environment decide how the secret is written, so they are settled before it is minted. */
export function credentialFormat(
  product: ProductState,
  environment: Environment | undefined,
): { prefix: string; environment: Environment | null } {
  const registered = theProduct(product);
  return { prefix: registered.tokenPrefix, environment: environmentOf(registered, environment) };
}

export interface CreateToken {
  readonly tokenId: string;
  readonly name: string;
  readonly scope: TokenScope;
  readonly product: string;
  readonly environment: Environment | null;
  readonly expiresAt: string | null;
  readonly acknowledgeBilling: boolean;
  readonly credential: Credential;
  readonly now: string;
  /** The secret comes from an older system. */
  readonly imported?: boolean;
  /** The managed agent that the token is for, and whether its seat is billed. */
  readonly managed?: { readonly agent: Agent; readonly billable: boolean };
}

/** What a token's pairing rests on. Space and membership matter to a single-space token only; `team` is null without one. */
export interface Pairing {
  readonly orgId: string;
  readonly account: AccountState;
  readonly space: SpaceState;
  readonly membership: MembershipState;
  readonly team: TeamState | null;
}

/** Opens a token. Test tokens are never billed; a managed agent's says so itself. */
export function createToken(state: TokenState, command: CreateToken, pairing: Pairing): TokenEvent[] {
  if (state.status !== 'none') throw new TollgateError('ALREADY_EXISTS', 'This token exists already.');
  if (!command.acknowledgeBilling) {
    throw new TollgateError(
      'BILLING_NOT_ACKNOWLEDGED',
      'Creating a token opens a billed seat. See GET /v1/orgs/:org/billing/quote, then send "acknowledgeBilling": true.',
      [{ path: 'acknowledgeBilling', message: 'must be true' }],
    );
  }
  const { id: accountId } = theActiveAccount(pairing.account, pairing.orgId, 'accountId');
  mustBeMember(command.scope, pairing);
  mustLieAhead(command.expiresAt, command.now);
  const { tokenId, name, scope, product, environment, expiresAt, credential, managed, imported = false } = command;
  return [
    {
      type: 'TokenCreated',
      data: {
        ...{ tokenId, name, accountId, scope, product, environment, teamId: teamOf(pairing), expiresAt, ...credential },
        managed: managed !== undefined,
        billable: environment !== 'test' && (managed?.billable ?? true),
        agent: managed?.agent ?? null,
        imported,
      },
    },
  ];
}

function mustBeMember(scope: TokenScope, { orgId, space, membership }: Pairing): void {
  if (scope.type === 'multi-space') return;
  if (space.status === 'none' || space.orgId !== orgId) {
    throw new TollgateError(
      'UNKNOWN_REFERENCE',
      'There is no such space in this organization. List them with GET /v1/orgs/:org/spaces.',
      [{ path: 'scope.spaceId', message: 'names no space of this organization' }],
    );
  }
  if (membership.status !== 'member') {
    throw new TollgateError(
      'NOT_A_MEMBER',
      'The account is not a member of that space. Add it first with PUT /v1/orgs/:org/spaces/:spc/members/:acc.',
      [{ path: 'scope.spaceId', message: 'is a space the account does not belong to' }],
    );
  }
}

function mustLieAhead(expiresAt: string | null, now: string): void {
  if (expiresAt === null || expiresAt > now) return;
  throw new TollgateError('EXPIRY_IN_PAST', `The expiry must lie in the future; it is now ${now}.`, [
    { path: 'expiresAt', message: 'lies in the past' },
  ]);
}

function teamOf({ orgId, team }: Pick<Pairing, 'orgId' | 'team'>): string | null {
  return team === null ? null : theTeamNamed(team, orgId, 'teamId').id;
}

export interface EditToken {
  readonly name?: string | undefined;
  readonly accountId?: string | undefined;
  /** null takes it out of its team. */
  readonly teamId?: string | null | undefined;
  /** null: it never expires. */
  readonly expiresAt?: string | null | undefined;
  readonly now: string;
}

/** Changes what is given and differs: one event for each. `pairing` is of the account and the team that the command names. */
export function editToken(state: TokenState, command: EditToken, pairing: Pairing): TokenEvent[] {
  const existing = theTokenByHand(theChangeableToken(state, command.now));
  const { id: tokenId } = existing;
  const { name = existing.name, teamId = existing.teamId, expiresAt = existing.expiresAt } = command;
  const events: TokenEvent[] = [];
  if (name !== existing.name) events.push({ type: 'TokenRenamed', data: { tokenId, name, previous: existing.name } });
  if (command.accountId !== undefined && command.accountId !== existing.accountId) {
    const { id: accountId } = theActiveAccount(pairing.account, pairing.orgId, 'accountId');
    mustBeMember(existing.scope, pairing);
    events.push({ type: 'TokenReassigned', data: { tokenId, accountId, previous: existing.accountId } });
  }
  if (teamId !== existing.teamId) {
    const next = teamId === null ? null : teamOf(pairing);
    events.push({ type: 'TokenTeamChanged', data: { tokenId, teamId: next, previous: existing.teamId } });
  }
  if (expiresAt !== existing.expiresAt) {
    mustLieAhead(expiresAt, command.now);
    events.push({ type: 'TokenExpiryChanged', data: { tokenId, expiresAt, previous: existing.expiresAt } });
  }
  return events;
}

export interface RegenerateToken {
  readonly credential: Credential;
  readonly reason: string | null;
  /** Until then the secret before holds as well; null: it ends now. */
  readonly overlapUntil: string | null;
  readonly now: string;
}

/** A new secret under the same id and seat. An inactive token stays inactive. An overlap under way ends for its older secret. */
export function regenerateToken(state: TokenState, command: RegenerateToken): TokenEvent[] {
  const { id: tokenId, digest: previousDigest } = theChangeableToken(state, command.now);
  const { credential, reason, overlapUntil } = command;
  return [{ type: 'TokenRegenerated', data: { tokenId, ...credential, previousDigest, reason, overlapUntil } }];
}

/** Ends the overlap ahead of its time. Without one it decides nothing. */
export function endOverlap(state: TokenState, command: { reason: string | null; now: string }): TokenEvent[] {
  const existing = theTokenByHand(theChangeableToken(state, command.now));
  const overlap = runningOverlap(existing, command.now);
  if (overlap === null) return [];
  return [
    { type: 'TokenOverlapEnded', data: { tokenId: existing.id, digest: overlap.digest, reason: command.reason } },
  ];
}

/** The overlap, if its time is not up. */
export function runningOverlap({ overlap }: Pick<TokenFacts, 'overlap'>, now: string): Overlap | null {
  return overlap !== null && overlap.until > now ? overlap : null;
}

/** A secret was found in the open: records where, and stops the token as its organization has chosen. A dead one: nothing. */
export function reportLeak(
  state: TokenState,
  command: { digest: string; source: string; url: string | null; response: LeakResponse; now: string },
): TokenEvent[] {
  const existing = theToken(state);
  const overlapping = runningOverlap(existing, command.now)?.digest;
  const holds = existing.status !== 'revoked' && !isExpired(existing, command.now);
  if (!holds || (command.digest !== existing.digest && command.digest !== overlapping)) return [];
  const { source, url, response, now } = command;
  const stop = response === 'revoke' ? revokeToken : deactivateToken;
  const leaked: TokenEvent = { type: 'TokenLeaked', data: { tokenId: existing.id, source, url } };
  return [leaked, ...stop(state, { reason: `leaked: ${source}`, now })];
}

export function deactivateToken(state: TokenState, command: { reason: string | null; now: string }): TokenEvent[] {
  const { id: tokenId, status } = theChangeableToken(state, command.now);
  return status === 'inactive' ? [] : [{ type: 'TokenDeactivated', data: { tokenId, reason: command.reason } }];
}

export function activateToken(state: TokenState, command: { reason: string | null; now: string }): TokenEvent[] {
  const { id: tokenId, status } = theChangeableToken(state, command.now);
  return status === 'active' ? [] : [{ type: 'TokenActivated', data: { tokenId, reason: command.reason } }];
}

/** Final. Repeated, it decides nothing, and the caller runs the barrier all the same. */
export function revokeToken(state: TokenState, command: { reason: string | null; now: string }): TokenEvent[] {
  if (theToken(state).status === 'revoked') return [];
  const { id: tokenId } = theChangeableToken(state, command.now);
  return [{ type: 'TokenRevoked', data: { tokenId, reason: command.reason } }];
}

export function theToken(state: TokenState): ExistingToken {
  if (state.status === 'none')
    throw new TollgateError(
      'NOT_FOUND',
      'There is no such token in this organization. List them with GET /v1/orgs/:org/tokens.',
    );
  return state;
}

/** True from the expiry instant on. Instants of one format compare as text. */
export function isExpired({ expiresAt }: Pick<TokenFacts, 'expiresAt'>, now: string): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** A managed agent's token is edited and regenerated through its agent; stopping it is open to everybody who may. */
export function theTokenByHand(existing: ExistingToken): ExistingToken {
  if (existing.agent === null) return existing;
  throw new TollgateError(
    'MANAGED_TOKEN',
    `The token belongs to the managed agent ${existing.agent.id}. Rotate or retire the agent: POST /v1/orgs/:org/agents/:agt/rotate or /retire.`,
  );
}

function theChangeableToken(state: TokenState, now: string): ExistingToken {
  const existing = theToken(state);
  if (existing.status === 'revoked')
    throw new TollgateError('TOKEN_REVOKED', 'The token is revoked, and nothing brings it back. Create a new one.');
  if (isExpired(existing, now))
    throw new TollgateError(
      'TOKEN_EXPIRED',
      `The token expired at ${existing.expiresAt}, and that is final. Create a new one.`,
    );
  return existing;
}
