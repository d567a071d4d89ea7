import { type Environment, type TokenScope, TollgateError, type TollgateEvent } from '@tollgate/contracts';
import { type AccountState, theActiveAccount } from './account.ts';
import type { Aggregate } from './aggregate.ts';
import type { MembershipState } from './membership.ts';
import { environmentOf, type ProductState, theProduct } from './product.ts';
import type { SpaceState } from './space.ts';

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
  readonly createdAt: string;
  readonly createdBy: string;
}

type TokenEvent = TollgateEvent<
  'TokenCreated' | 'TokenRenamed' | 'TokenRegenerated' | 'TokenDeactivated' | 'TokenActivated' | 'TokenRevoked'
>;

export const token: Aggregate<TokenState, TokenEvent> = {
  category: 'token',
  initial: { status: 'none' },
  evolve(state, event) {
    if (event.type === 'TokenCreated') {
      const { tokenId: id, ...facts } = event.data;
      return {
        ...facts,
        status: 'active',
        id,
        orgId: event.orgId as string,
        createdAt: event.at,
        createdBy: event.meta.actor.id,
      };
    }
    if (state.status === 'none') return state;
    switch (event.type) {
      case 'TokenRenamed':
        return { ...state, name: event.data.name };
      case 'TokenRegenerated': {
        const { digest, hint, prefix } = event.data;
        return { ...state, digest, hint, prefix };
      }
      case 'TokenDeactivated':
        return { ...state, status: 'inactive' };
      case 'TokenActivated':
        return { ...state, status: 'active' };
      case 'TokenRevoked':
        return { ...state, status: 'revoked' };
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
}

/** What a new token rests on. The space and the membership matter to a single-space token only. */
export interface CreateTokenContext {
  readonly orgId: string;
  readonly account: AccountState;
  readonly space: SpaceState;
  readonly membership: MembershipState;
}

/** Test tokens are never billed. */
export function createToken(state: TokenState, command: CreateToken, context: CreateTokenContext): TokenEvent[] {
  if (state.status !== 'none') throw new TollgateError('ALREADY_EXISTS', 'This token exists already.');
  if (!command.acknowledgeBilling) {
    throw new TollgateError(
      'BILLING_NOT_ACKNOWLEDGED',
      'Creating a token opens a billed seat. See GET /v1/orgs/:org/billing/quote, then send "acknowledgeBilling": true.',
      [{ path: 'acknowledgeBilling', message: 'must be true' }],
    );
  }
  const { id: accountId } = theActiveAccount(context.account, context.orgId, 'accountId');
  mustBeMember(command.scope, context);
  if (command.expiresAt !== null && command.expiresAt <= command.now) {
    throw new TollgateError('EXPIRY_IN_PAST', `The expiry must lie in the future; it is now ${command.now}.`, [
      { path: 'expiresAt', message: 'lies in the past' },
    ]);
  }
  const { tokenId, name, scope, product, environment, expiresAt, credential } = command;
  const billable = environment !== 'test';
  return [
    {
      type: 'TokenCreated',
      data: {
        tokenId,
        name,
        accountId,
        scope,
        product,
        environment,
        teamId: null,
        expiresAt,
        ...credential,
        managed: false,
        billable,
        agent: null,
        imported: false,
      },
    },
  ];
}

function mustBeMember(scope: TokenScope, { orgId, space, membership }: CreateTokenContext): void {
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

export function renameToken(state: TokenState, command: { name: string; now: string }): TokenEvent[] {
  const { id: tokenId, name: previous } = theChangeableToken(state, command.now);
  return previous === command.name ? [] : [{ type: 'TokenRenamed', data: { tokenId, name: command.name, previous } }];
}

/** A new secret under the same id and seat. An inactive token stays inactive. */
export function regenerateToken(
  state: TokenState,
  command: { credential: Credential; reason: string | null; now: string },
): TokenEvent[] {
  const { id: tokenId, digest: previousDigest } = theChangeableToken(state, command.now);
  return [
    {
      type: 'TokenRegenerated',
      data: { tokenId, ...command.credential, previousDigest, reason: command.reason, overlapUntil: null },
    },
  ];
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
