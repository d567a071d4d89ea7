import type { Environment, Role, ScopeType, TeamPolicy } from '@tollgate/contracts';
import type { Pool } from '@tollgate/event-log';
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import type { PoolClient } from 'pg';

/** The tables and views that this service reads and writes besides the log. Instants are RFC 3339 text, bigints numbers. */
export interface Database {
  'log.idempotency': {
    org_id: string;
    caller: string;
    operation: string;
    key: string;
    request_hash: string;
    answer: unknown;
  };
  'log.leases': { log_id: string; incarnation: string; verifier: string; renewal: number };
  'personal.people': {
    account_id: string;
    org_id: string;
    name: string;
    email: string | null;
    external_subject: string | null;
  };
  'personal.requests': { request_id: string; account_id: string | null; ip: string | null; user_agent: string | null };
  'tokens.tokens': TokenTable;
  'tokens.accounts': AccountTable;
  'tokens.spaces': NamedTable;
  'tokens.memberships': {
    org_id: string;
    account_id: string;
    space_id: string;
    permissions: string[];
    administers: boolean;
  };
  'tokens.teams': NamedTable & { policy: TeamPolicy };
  'tokens.team_projects': { org_id: string; team_id: string; project_id: string };
  'tokens.projects': NamedTable;
  'tokens.products': { key: string; token_prefix: string; created_at: string };
  'tokens.token_words': { org_id: string; word: string; token_id: string };
  'tokens.digests': { digest: string; org_id: string; token_id: string };
  'tokens.usage': {
    org_id: string;
    token_id: string;
    calls: number;
    last_used_at: string | null;
    previous_used_at: string | null;
  };
}

export interface TokenTable {
  org_id: string;
  id: string;
  name: string;
  name_words: string;
  status: 'active' | 'inactive' | 'revoked';
  account_id: string;
  scope: ScopeType;
  space_id: string | null;
  product: string;
  environment: Environment | null;
  team_id: string | null;
  managed: boolean;
  agent_id: string | null;
  agent_name: string | null;
  agent_public_key: string | null;
  billable: boolean;
  prefix: string;
  hint: string;
  digest: string;
  overlap_digest: string | null;
  overlap_hint: string | null;
  overlap_until: string | null;
  expires_at: string | null;
  created_at: string;
  created_by: string;
  version: number;
}

export interface AccountTable {
  org_id: string;
  id: string;
  kind: 'member' | 'service';
  role: Role;
  status: 'active' | 'deactivated';
  created_at: string;
  version: number;
}

/** What has a name and nothing else worth listing. */
export interface NamedTable {
  org_id: string;
  id: string;
  name: string;
  created_at: string;
  version: number;
}

export function openDatabase(pool: Pool): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: preparing(pool) }) });
}

// The name that a statement begins with: /* like-this */
const statementName = /^\s*\/\* ([a-z-]+) \*\//;

/**
 * A statement that begins with its name is parsed and planned once for each connection instead of every time, which for a
 * statement with joins takes longer than to run it. For texts that never vary.
 */
function preparing(pool: Pool): PostgresPool {
  const clients = new WeakMap<PoolClient, PostgresPoolClient>();
  const preparingClient = (client: PoolClient): PostgresPoolClient => {
    const query = (text: string, values: unknown[]) =>
      client.query({ text, values, name: statementName.exec(text)?.[1] });
    return { query: query as unknown as PostgresPoolClient['query'], release: (destroy) => client.release(destroy) };
  };
  return {
    options: pool.options,
    async connect() {
      const client = await pool.connect();
      const known = clients.get(client) ?? preparingClient(client);
      clients.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
}
