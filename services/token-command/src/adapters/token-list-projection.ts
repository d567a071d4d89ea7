import type { EventData, EventType, RecordedEvent } from '@tollgate/contracts';
import { defineProjection } from '@tollgate/projection';
import { wordsOf } from '../domain/words.ts';
import { directoryEffects } from './directory-effects.ts';
import { type TokenListTable, tokenListTables } from './token-list-tables.ts';

/** One row that an event adds, changes or removes. Values by column; `Column` takes over another column's value. */
export type Change =
  | { readonly insertInto: TokenListTable; readonly values: Values }
  | { readonly update: TokenListTable; readonly id: string; readonly set: Values }
  | { readonly deleteFrom: TokenListTable; readonly where: Values };
export type Values = Readonly<Record<string, unknown>>;

class Column {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export type Effects = { readonly [T in EventType]?: (data: EventData<T>, event: RecordedEvent) => readonly Change[] };

/** What each event does to the lists. Events that no list shows are left out. */
const effects: Effects = {
  ...directoryEffects,
  TokenCreated: (data, event) => [{ insertInto: 'tokens', values: tokenRow(data, event) }, digestRow(data, event)],
  TokenRenamed: ({ tokenId, name }) => [update(tokenId, { name, name_words: wordsOf(name) })],
  TokenReassigned: ({ tokenId, accountId }) => [update(tokenId, { account_id: accountId })],
  TokenTeamChanged: ({ tokenId, teamId }) => [update(tokenId, { team_id: teamId })],
  TokenExpiryChanged: ({ tokenId, expiresAt }) => [update(tokenId, { expires_at: expiresAt })],
  TokenRegenerated: (data, event) => [
    update(data.tokenId, {
      prefix: data.prefix,
      hint: data.hint,
      digest: data.digest,
      overlap_digest: data.overlapUntil === null ? null : data.previousDigest,
      overlap_hint: data.overlapUntil === null ? null : new Column('hint'),
      overlap_until: data.overlapUntil,
    }),
    digestRow(data, event),
  ],
  TokenOverlapEnded: ({ tokenId }) => [update(tokenId, withoutOverlap)],
  TokenDeactivated: ({ tokenId }) => [update(tokenId, { status: 'inactive' })],
  TokenActivated: ({ tokenId }) => [update(tokenId, { status: 'active' })],
  // It changes nothing that is listed, but it is a version of the token.
  TokenLeaked: ({ tokenId }) => [update(tokenId, {})],
  TokenRevoked: ({ tokenId }) => [update(tokenId, { status: 'revoked', ...withoutOverlap })],
};

const withoutOverlap = { overlap_digest: null, overlap_hint: null, overlap_until: null };

const update = (id: string, set: Values): Change => ({ update: 'tokens', id, set });

function digestRow({ digest, tokenId }: { digest: string; tokenId: string }, { orgId }: RecordedEvent): Change {
  return { insertInto: 'digests', values: { digest, org_id: orgId, token_id: tokenId } };
}

function tokenRow(data: EventData<'TokenCreated'>, { orgId, at, version, meta }: RecordedEvent): Values {
  const { tokenId, name, accountId, scope, product, environment, teamId, managed, agent, billable } = data;
  const { prefix, hint, digest, expiresAt } = data;
  return {
    org_id: orgId,
    id: tokenId,
    name,
    name_words: wordsOf(name),
    status: 'active',
    account_id: accountId,
    scope: scope.type,
    space_id: scope.type === 'single-space' ? scope.spaceId : null,
    product,
    environment,
    team_id: teamId,
    managed,
    agent_id: agent?.id ?? null,
    agent_name: agent?.name ?? null,
    agent_public_key: agent?.publicKey ?? null,
    billable,
    prefix,
    hint,
    digest,
    expires_at: expiresAt,
    created_at: at,
    created_by: meta.actor.id,
    version,
  };
}

/** The read model `token-list`: tokens and the directory as the lists show them. Derived from the log alone. */
export const tokenListProjection = defineProjection({
  name: 'token-list',
  schema: 'tokens',
  tables: tokenListTables,
  async apply(tx, events, table) {
    for (const event of events) {
      const effect = effects[event.type] as ((data: unknown, event: RecordedEvent) => readonly Change[]) | undefined;
      for (const change of effect?.(event.data, event) ?? []) await tx.query(...statementOf(change, event, table));
    }
  },
});

/** Columns come from the effects above, never from an event. */
function statementOf(
  change: Change,
  { orgId, version }: RecordedEvent,
  table: (name: TokenListTable) => string,
): [string, unknown[]] {
  if ('insertInto' in change) {
    const columns = Object.keys(change.values);
    const places = columns.map((_, index) => `$${index + 1}`);
    return [
      `INSERT INTO ${table(change.insertInto)} (${columns.join()}) VALUES (${places.join()})`,
      Object.values(change.values),
    ];
  }
  if ('deleteFrom' in change) {
    const conditions = Object.keys(change.where).map((column, index) => `${column} = $${index + 1}`);
    return [`DELETE FROM ${table(change.deleteFrom)} WHERE ${conditions.join(' AND ')}`, Object.values(change.where)];
  }
  const values: unknown[] = [orgId, change.id, version];
  const assignments = Object.entries(change.set).map(([column, value]) =>
    value instanceof Column ? `${column} = ${value.name}` : `${column} = $${values.push(value)}`,
  );
  return [
    `UPDATE ${table(change.update)} SET ${['version = $3', ...assignments].join()} WHERE org_id = $1 AND id = $2`,
    values,
  ];
}
