import { secured, withoutStatistics } from '@tollgate/projection';

/**
 * The tables of the read model `token-list`, tenant first in every key, and row-level security behind it. What reaches an index
 * there is `=`, `<` and `>=` alone; `LIKE` looks at rows that others have found.
 */
export const tokenListTables = {
  tokens: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
         org_id text NOT NULL, id text NOT NULL, name text NOT NULL, name_words text NOT NULL, status text NOT NULL,
         account_id text NOT NULL, scope text NOT NULL, space_id text, product text NOT NULL, environment text,
         team_id text, managed boolean NOT NULL, agent_id text, agent_name text, agent_public_key text,
         billable boolean NOT NULL, prefix text NOT NULL, hint text NOT NULL, digest text NOT NULL,
         overlap_digest text, overlap_hint text, overlap_until timestamptz, expires_at timestamptz,
         created_at timestamptz NOT NULL, created_by text NOT NULL, version integer NOT NULL,
         PRIMARY KEY (org_id, id))`,
      `CREATE INDEX ON ${table} (org_id, created_at, id)`,
      `CREATE INDEX ON ${table} (org_id, name, id)`,
      `CREATE INDEX ON ${table} (org_id, account_id, created_at, id)`,
      `CREATE INDEX ON ${table} (org_id, status, created_at, id)`,
      `CREATE INDEX ON ${table} (org_id, scope, created_at, id)`,
      `CREATE INDEX ON ${table} (org_id, product, created_at, id)`,
      `CREATE INDEX ON ${table} (org_id, expires_at) WHERE expires_at IS NOT NULL`,
      `CREATE INDEX ON ${table} (org_id, created_at, agent_id) WHERE agent_id IS NOT NULL`,
      withoutStatistics(
        table,
        'name_words space_id environment team_id managed agent_name agent_public_key billable prefix ' +
          'hint digest overlap_digest overlap_hint overlap_until created_by version',
      ),
      ...secured(table),
    ],
  },
  /** The words of each token's name, as the search compares them. Compared with "C" so that a prefix is a range. */
  token_words: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
         org_id text NOT NULL, word text COLLATE "C" NOT NULL, token_id text NOT NULL,
         PRIMARY KEY (org_id, word, token_id))`,
      `CREATE INDEX ON ${table} (org_id, token_id)`,
      ...secured(table),
    ],
  },
  /** Every digest that a token ever had: a reported secret is found by it, and no import takes one over. */
  digests: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (digest text PRIMARY KEY, org_id text NOT NULL, token_id text NOT NULL)`,
      ...secured(table),
    ],
  },
  accounts: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
         org_id text NOT NULL, id text NOT NULL, kind text NOT NULL, role text NOT NULL, status text NOT NULL,
         created_at timestamptz NOT NULL, version integer NOT NULL, PRIMARY KEY (org_id, id))`,
      `CREATE INDEX ON ${table} (org_id, created_at, id)`,
      ...secured(table),
    ],
  },
  spaces: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
         org_id text NOT NULL, id text NOT NULL, name text NOT NULL, created_at timestamptz NOT NULL,
         version integer NOT NULL, PRIMARY KEY (org_id, id))`,
      `CREATE INDEX ON ${table} (org_id, created_at, id)`,
      ...secured(table),
    ],
  },
  memberships: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
         org_id text NOT NULL, account_id text NOT NULL, space_id text NOT NULL, permissions text[] NOT NULL,
         administers boolean NOT NULL, PRIMARY KEY (org_id, account_id, space_id))`,
      ...secured(table),
    ],
  },
  teams: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
         org_id text NOT NULL, id text NOT NULL, name text NOT NULL, policy jsonb NOT NULL,
         created_at timestamptz NOT NULL, version integer NOT NULL, PRIMARY KEY (org_id, id))`,
      `CREATE INDEX ON ${table} (org_id, created_at, id)`,
      ...secured(table),
    ],
  },
  team_projects: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
         org_id text NOT NULL, team_id text NOT NULL, project_id text NOT NULL, PRIMARY KEY (org_id, team_id, project_id))`,
      ...secured(table),
    ],
  },
  projects: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
         org_id text NOT NULL, id text NOT NULL, name text NOT NULL, created_at timestamptz NOT NULL,
         version integer NOT NULL, PRIMARY KEY (org_id, id))`,
      `CREATE INDEX ON ${table} (org_id, created_at, id)`,
      ...secured(table),
    ],
  },
  /** Of the platform, not of an organization. */
  products: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (key text PRIMARY KEY, token_prefix text NOT NULL, created_at timestamptz NOT NULL)`,
    ],
  },
} as const;

export type TokenListTable = keyof typeof tokenListTables;
