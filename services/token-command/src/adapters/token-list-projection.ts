import type { EventData, RecordedEvent } from '@tollgate/contracts';
import { asProjector, defineProjection } from '@tollgate/projection';
import { wordsOf } from '../domain/words.ts';
import { type Change, Column, type Effects, type Values, writeChanges } from './changes.ts';
import { directoryEffects } from './directory-effects.ts';
import { tokenListTables } from './token-list-tables.ts';

/** What each event does to the lists. Events that no list shows are left out. */
const effects: Effects = {
  ...directoryEffects,
  TokenCreated: (data, event) => [
    { insertInto: 'tokens', values: tokenRow(data, event) },
    ...wordRows(data, event),
    digestRow(data, event),
  ],
  TokenRenamed: (data, event) => [
    update(data.tokenId, { name: data.name, name_words: wordsOf(data.name) }),
    { deleteFrom: 'token_words', where: { org_id: event.orgId, token_id: data.tokenId } },
    ...wordRows(data, event),
  ],
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

function wordRows({ tokenId, name }: { tokenId: string; name: string }, { orgId }: RecordedEvent): Change[] {
  const words = new Set(wordsOf(name).split(' ').filter(Boolean));
  return [...words].map((word) => ({ insertInto: 'token_words', values: { org_id: orgId, word, token_id: tokenId } }));
}

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
  begin: asProjector,
  apply: (tx, events, table) => writeChanges(tx, effects, events, table),
});
