import type { AccountKind, EventData, EventType, RecordedEvent, ScopeType } from '@tollgate/contracts';
import { MapCredentialTable, type CredentialTable } from './credential-table.ts';
import { compileRoutes, type Routes } from './routes.ts';

/** A token as far as a decision needs it. Changed in place by the replica that owns it. */
export interface TokenRecord {
  readonly id: string;
  readonly orgId: string;
  accountId: string;
  readonly scope: ScopeType;
  /** The one space of a single-space token; null for multi-space. */
  readonly spaceId: string | null;
  readonly product: string;
  /** null for a product without environments. */
  readonly environment: 'live' | 'test' | null;
  teamId: string | null;
  expiresAt: string | null;
  /** `expiresAt` in Unix milliseconds, Infinity when the token never expires. */
  expiresAtMs: number;
  /** Of the live secret. */
  digest: string;
  status: 'active' | 'inactive' | 'revoked';
}

export interface AccountRecord {
  readonly id: string;
  readonly kind: AccountKind;
  active: boolean;
  /** By space: the permissions held there, as they were granted (`agents:list`, `agents:*`, `*`). */
  readonly memberships: Map<string, ReadonlySet<string>>;
  /** The keys of `memberships`, sorted. */
  spaces: readonly string[];
}

type Effects = { readonly [T in EventType]: ((data: EventData<T>, event: RecordedEvent) => void) | 'nothing' };

/**
 * All that decisions rest on, folded from the events of `main` in their order. It reads no clock and does no I/O.
 *
 * A type of event that it does not know stops it with an error: the event may take access away, so a verifier older than the
 * log answers nothing rather than something wrong.
 */
export class Replica {
  readonly logId: string;
  readonly credentials: CredentialTable;
  readonly tokens = new Map<string, TokenRecord>();
  readonly accounts = new Map<string, AccountRecord>();
  readonly products = new Map<string, Routes>();
  /** How far the development clock is ahead of the wall clock, milliseconds; 0 in production. */
  clockOffsetMs = 0;
  #applied = 0;

  constructor(logId: string, credentials: CredentialTable = new MapCredentialTable()) {
    this.logId = logId;
    this.credentials = credentials;
  }

  /** The position of the last event applied; 0 before the first. */
  get applied(): number {
    return this.#applied;
  }

  /**
   * Applies the next event of the log. A position already applied is ignored; a hole throws a RangeError, and so does
   * an unknown type of event.
   */
  apply(event: RecordedEvent): void {
    if (event.position <= this.#applied) return;
    if (event.position !== this.#applied + 1) {
      throw new RangeError(
        `The replica is at ${this.#applied} and cannot apply position ${event.position} before those between.`,
      );
    }
    if (!Object.hasOwn(this.#effects, event.type)) {
      throw new RangeError(
        `The event at ${event.position} has the unknown type ${event.type}: this verifier is older than its log.`,
      );
    }
    const effect = this.#effects[event.type as EventType];
    if (effect !== 'nothing') (effect as (data: unknown, event: RecordedEvent) => void)(event.data, event);
    this.#applied = event.position;
  }

  readonly #effects: Effects = {
    OrganizationRegistered: 'nothing',
    PlanChanged: 'nothing',
    LeakResponseChosen: 'nothing',
    AccountCreated: ({ accountId, kind }) => {
      this.accounts.set(accountId, { id: accountId, kind, active: true, memberships: new Map(), spaces: [] });
    },
    AccountRoleChanged: 'nothing',
    AccountDeactivated: ({ accountId }) => {
      this.#account(accountId).active = false;
    },
    AccountErased: 'nothing',
    TeamCreated: 'nothing',
    TeamPolicySet: 'nothing',
    TeamProjectAdded: 'nothing',
    TeamProjectRemoved: 'nothing',
    ProjectCreated: 'nothing',
    SpaceCreated: 'nothing',
    MembershipGranted: ({ accountId, spaceId, permissions }) => this.#grant(accountId, spaceId, permissions),
    MembershipChanged: ({ accountId, spaceId, permissions }) => this.#grant(accountId, spaceId, permissions),
    MembershipRemoved: ({ accountId, spaceId }) => {
      const account = this.#account(accountId);
      account.memberships.delete(spaceId);
      account.spaces = [...account.memberships.keys()].sort();
    },
    ProductRegistered: ({ key, resources }) => {
      this.products.set(key, compileRoutes(resources));
    },
    SeatPriceSet: 'nothing',
    ToolPriceSet: 'nothing',
    TokenCreated: (data, event) => this.#create(data, event),
    TokenRenamed: 'nothing',
    TokenReassigned: ({ tokenId, accountId }) => {
      this.#token(tokenId).accountId = accountId;
    },
    TokenTeamChanged: ({ tokenId, teamId }) => {
      this.#token(tokenId).teamId = teamId;
    },
    TokenExpiryChanged: ({ tokenId, expiresAt }) => {
      const token = this.#token(tokenId);
      token.expiresAt = expiresAt;
      token.expiresAtMs = millisecondsOf(expiresAt);
    },
    TokenOverlapEnded: ({ tokenId, digest }) => {
      this.credentials.entomb(digest, this.#token(tokenId), 'superseded');
    },
    TokenLeaked: 'nothing',
    TokenRegenerated: ({ tokenId, digest, previousDigest }) => {
      const token = this.#token(tokenId);
      this.credentials.entomb(previousDigest, token, 'superseded');
      token.digest = digest;
      this.credentials.add(digest, token);
    },
    TokenDeactivated: ({ tokenId }) => this.#setStatus(tokenId, 'inactive'),
    TokenActivated: ({ tokenId }) => this.#setStatus(tokenId, 'active'),
    TokenRevoked: ({ tokenId }) => {
      this.#setStatus(tokenId, 'revoked');
      const token = this.#token(tokenId);
      this.credentials.entomb(token.digest, token, 'revoked');
    },
    ClockMoved: ({ offsetMs }) => {
      this.clockOffsetMs = offsetMs;
    },
  };

  #create(data: EventData<'TokenCreated'>, event: RecordedEvent): void {
    if (event.orgId === null) throw new RangeError(`The token at ${event.position} belongs to no organization.`);
    const token: TokenRecord = {
      id: data.tokenId,
      orgId: event.orgId,
      accountId: data.accountId,
      scope: data.scope.type,
      spaceId: data.scope.type === 'single-space' ? data.scope.spaceId : null,
      product: data.product,
      environment: data.environment,
      teamId: data.teamId,
      expiresAt: data.expiresAt,
      expiresAtMs: millisecondsOf(data.expiresAt),
      digest: data.digest,
      status: 'active',
    };
    this.tokens.set(token.id, token);
    this.credentials.add(token.digest, token);
  }

  #grant(accountId: string, spaceId: string, permissions: readonly string[]): void {
    const account = this.#account(accountId);
    account.memberships.set(spaceId, new Set(permissions));
    account.spaces = [...account.memberships.keys()].sort();
  }

  /** Revoked is final, whatever comes after it. */
  #setStatus(tokenId: string, status: TokenRecord['status']): void {
    const token = this.#token(tokenId);
    if (token.status !== 'revoked') token.status = status;
  }

  #account(id: string): AccountRecord {
    const account = this.accounts.get(id);
    if (!account) throw new RangeError(`The log names the account ${id} before it was created.`);
    return account;
  }

  #token(id: string): TokenRecord {
    const token = this.tokens.get(id);
    if (!token) throw new RangeError(`The log names the token ${id} before it was created.`);
    return token;
  }
}

function millisecondsOf(expiresAt: string | null): number {
  return expiresAt === null ? Infinity : Date.parse(expiresAt);
}
