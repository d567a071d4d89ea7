import type { TokenScope } from '@tollgate/contracts';
import { groupReads } from '@tollgate/event-log';
import { type Kysely, type SelectQueryBuilder, sql } from 'kysely';
import type { After } from '../application/accounts/ports.ts';
import type { TokenSurroundings } from '../application/ports.ts';
import type { AgentRow, TokenList, TokenQuery, TokenRow } from '../application/tokens/ports.ts';
import type { Overlap } from '../domain/token.ts';
import { wordsOf } from '../domain/words.ts';
import type { AccountTable, Database, TokenTable } from './database.ts';
import { inEveryTenant, inTenant } from './tenant.ts';

/** Up to so many tokens are looked at one by one. */
const rareMax = 2_000;

type Tables = Database & { token: TokenTable; account: AccountTable };

/** The read model of tokens, joined to what is no part of the log: names of accounts and usage. */
export class PostgresTokenList implements TokenList {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async find(query: TokenQuery): Promise<readonly TokenRow[]> {
    const { orgId, sort, descending, limit, accountId, scope, product } = query;
    const column = sort === 'name' ? sql.ref('token.name') : sql.ref('token.created_at');
    const direction = descending ? 'desc' : 'asc';
    const rows = await inTenant(this.#db, orgId, async (tx) => {
      const candidates = query.search === undefined ? null : await this.#rareMatches(tx, orgId, query.search);
      if (candidates?.length === 0) return [];
      return tx
        .selectFrom('tokens.tokens as token')
        .innerJoin('tokens.accounts as account', (join) =>
          join.onRef('account.org_id', '=', 'token.org_id').onRef('account.id', '=', 'token.account_id'),
        )
        .leftJoin('personal.people as person', 'person.account_id', 'token.account_id')
        .leftJoin('tokens.usage as usage', (join) =>
          join.onRef('usage.org_id', '=', 'token.org_id').onRef('usage.token_id', '=', 'token.id'),
        )
        .selectAll('token')
        .select([
          'account.kind as account_kind',
          'person.name as account_name',
          'usage.calls',
          'usage.last_used_at',
          'usage.previous_used_at',
        ])
        .where('token.org_id', '=', orgId)
        .$if(accountId !== undefined, (q) => q.where('token.account_id', '=', accountId as string))
        .$if(scope !== undefined, (q) => q.where('token.scope', '=', scope as TokenTable['scope']))
        .$if(product !== undefined, (q) => q.where('token.product', '=', product as string))
        .$if(candidates !== null, (q) => q.where(sql<boolean>`token.id = ANY(${candidates}::text[])`))
        .$if(query.search !== undefined, (q) => q.where(wordsLike(`%${likeText(wordsOf(query.search as string))}%`)))
        .$if(query.unusedSince !== undefined, (q) =>
          q
            .where('token.created_at', '<', query.unusedSince as string)
            .where((where) =>
              where.or([
                where('usage.last_used_at', 'is', null),
                where('usage.last_used_at', '<', query.unusedSince as string),
              ]),
            ),
        )
        .$if(query.createdBefore !== undefined, (q) => q.where('token.created_at', '<', query.createdBefore as string))
        .$if(query.live === true, (q) =>
          q
            .where('token.status', '!=', 'revoked')
            .where((where) =>
              where.or([where('token.expires_at', 'is', null), where('token.expires_at', '>', query.now)]),
            ),
        )
        .$call((q) => withStatus(q as never, query) as typeof q)
        .$if(query.after !== null, (q) => {
          const [value, id] = query.after as readonly [string, string];
          const cast = sort === 'name' ? sql`${value}::text` : sql`${value}::timestamptz`;
          return q.where(
            descending
              ? sql<boolean>`(${column}, token.id) < (${cast}, ${id})`
              : sql<boolean>`(${column}, token.id) > (${cast}, ${id})`,
          );
        })
        .orderBy(column, direction)
        .orderBy('token.id', direction)
        .limit(limit)
        .execute();
    });
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      status: row.status,
      accountId: row.account_id,
      accountKind: row.account_kind,
      accountName: row.account_name,
      scope: scopeOf(row),
      product: row.product,
      environment: row.environment,
      teamId: row.team_id,
      managed: row.managed,
      agentId: row.agent_id,
      overlap: overlapOf(row),
      billable: row.billable,
      prefix: row.prefix,
      hint: row.hint,
      expiresAt: row.expires_at,
      createdAt: row.created_at,
      createdBy: row.created_by,
      usageCount: row.calls ?? 0,
      lastUsedAt: row.last_used_at,
      previousUsedAt: row.previous_used_at,
      version: row.version,
    }));
  }

  /**
   * The tokens that may match a search, if they are few: then they are looked at one by one. null: so many that the list in
   * its order soon has a page of them.
   */
  async #rareMatches(tx: Kysely<Database>, orgId: string, search: string): Promise<readonly string[] | null> {
    const words = wordsOf(search).split(' ').filter(Boolean);
    const longest = words.reduce((best, word) => (word.length > best.length ? word : best), '');
    // The last word of the search may go on; the others are whole.
    const beginning = longest === words.at(-1);
    const rows = await tx
      .selectFrom('tokens.token_words')
      .select('token_id')
      .where('org_id', '=', orgId)
      .$if(beginning, (query) => query.where('word', '>=', longest).where('word', '<', `${longest}\u{10ffff}`))
      .$if(!beginning, (query) => query.where('word', '=', longest))
      .limit(rareMax + 1)
      .execute();
    return rows.length > rareMax ? null : [...new Set(rows.map(({ token_id }) => token_id))];
  }

  async liveOf(orgId: string, accountId: string, now: string) {
    return inTenant(this.#db, orgId, (tx) =>
      tx
        .selectFrom('tokens.tokens')
        .select(['id', 'name', 'status'])
        .where('org_id', '=', orgId)
        .where('account_id', '=', accountId)
        .where('status', '!=', 'revoked')
        .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', now)]))
        .orderBy('created_at')
        .orderBy('id')
        .execute(),
    );
  }

  async surroundings(tokens: readonly TokenKey[]): Promise<ReadonlyMap<string, TokenSurroundings>> {
    const found = await this.#surroundings(tokens);
    return new Map([...found].map(([{ id }, surroundings]) => [id, surroundings]));
  }

  readonly #surroundings = groupReads((tokens: readonly TokenKey[]) => this.#loadSurroundings(tokens));

  async #loadSurroundings(tokens: readonly TokenKey[]): Promise<ReadonlyMap<TokenKey, TokenSurroundings>> {
    const column = (name: keyof TokenKey) => tokens.map((token) => token[name]);
    // The kind of an account never changes, so its first event tells it: also before the read model has it. The limit holds the
    // planner to one look into the index for each; without statistics of a young log it would read the whole index instead.
    const { rows } = await sql<SurroundingsRow>`/* token-surroundings */
      SELECT token.place, account.kind, person.name, usage.calls, usage.last_used_at, usage.previous_used_at
      FROM unnest(${column('id')}::text[], ${column('orgId')}::text[], ${column('accountId')}::text[])
           WITH ORDINALITY AS token (id, org_id, account_id, place)
      CROSS JOIN LATERAL (SELECT data->>'kind' AS kind FROM log.events
                           WHERE stream = 'account-' || token.account_id AND version = 1 LIMIT 1) AS account
      LEFT JOIN personal.people AS person ON person.account_id = token.account_id
      LEFT JOIN tokens.usage AS usage ON usage.org_id = token.org_id AND usage.token_id = token.id`.execute(this.#db);
    return new Map(
      rows.map((row) => [
        tokens[row.place - 1] as TokenKey,
        {
          account: { kind: row.kind, name: row.name },
          usageCount: row.calls ?? 0,
          lastUsedAt: row.last_used_at,
          previousUsedAt: row.previous_used_at,
        },
      ]),
    );
  }

  async digestsInUse(digests: readonly string[]): Promise<readonly string[]> {
    const rows = await inEveryTenant(this.#db, (tx) =>
      tx.selectFrom('tokens.digests').select('digest').where('digest', 'in', digests).execute(),
    );
    return rows.map(({ digest }) => digest);
  }

  async findByDigest(digest: string) {
    const row = await inEveryTenant(this.#db, (tx) =>
      tx
        .selectFrom('tokens.digests')
        .select(['org_id as orgId', 'token_id as id'])
        .where('digest', '=', digest)
        .executeTakeFirst(),
    );
    return row ?? null;
  }

  async agents(orgId: string, after: After | null, limit: number): Promise<readonly AgentRow[]> {
    const rows = await inTenant(this.#db, orgId, (tx) =>
      tx
        .selectFrom('tokens.tokens')
        .selectAll()
        .where('org_id', '=', orgId)
        .where('agent_id', 'is not', null)
        .$if(after !== null, (query) =>
          query.where(sql<boolean>`(created_at, agent_id) > (${after?.createdAt}::timestamptz, ${after?.id})`),
        )
        .orderBy('created_at')
        .orderBy('agent_id')
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => ({
      id: row.agent_id as string,
      name: row.agent_name as string,
      tokenId: row.id,
      accountId: row.account_id,
      scope: scopeOf(row),
      teamId: row.team_id,
      billable: row.billable,
      publicKey: row.agent_public_key,
      status: row.status,
      expiresAt: row.expires_at,
      createdAt: row.created_at,
      version: row.version,
    }));
  }
}

/** A token and the account that it is paired with now. */
interface TokenKey {
  readonly id: string;
  readonly orgId: string;
  readonly accountId: string;
}

interface SurroundingsRow {
  /** Of its token among those asked for, from 1. */
  place: number;
  kind: 'member' | 'service';
  name: string | null;
  calls: number | null;
  last_used_at: string | null;
  previous_used_at: string | null;
}

type TokenSelect = SelectQueryBuilder<Tables, 'token', object>;

/** From its expiry instant on a token counts as expired, whatever its row says; revoked stays revoked. */
function withStatus(query: TokenSelect, { status, now }: TokenQuery): TokenSelect {
  switch (status) {
    case undefined:
      return query;
    case 'revoked':
      return query.where('token.status', '=', 'revoked');
    case 'expired':
      return query.where('token.status', '!=', 'revoked').where('token.expires_at', '<=', now);
    default:
      return query
        .where('token.status', '=', status)
        .where((where) => where.or([where('token.expires_at', 'is', null), where('token.expires_at', '>', now)]));
  }
}

function overlapOf({ overlap_digest: digest, overlap_hint: hint, overlap_until: until }: TokenTable): Overlap | null {
  return digest !== null && hint !== null && until !== null ? { digest, hint, until } : null;
}

function scopeOf({ scope, space_id }: Pick<TokenTable, 'scope' | 'space_id'>): TokenScope {
  return scope === 'single-space' ? { type: 'single-space', spaceId: space_id as string } : { type: 'multi-space' };
}

/**
 * Behind row-level security the planner has no statistics for LIKE, which is not leakproof, and takes it to match next to
 * nothing: it would fetch and sort all tokens. What it cannot look into it takes to match every other row, and so it walks the
 * list in its order until a page is full. Searches that match little were narrowed to their candidates before.
 */
const wordsLike = (pattern: string) =>
  sql<boolean>`CASE WHEN token.name_words LIKE ${pattern} THEN true ELSE false END`;

const likeText = (text: string) => text.replaceAll(/[\\%_]/g, String.raw`\$&`);
