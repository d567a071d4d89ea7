import { secured, withoutStatistics } from '@tollgate/projection';

/**
 * The tables of the projection `audit`, in the schema `audit`. `org_id` comes first in every key and index; `_` stands for
 * the platform. Entries are ordered and paged by their index in the tree of their organization, which rises with the position.
 *
 * The order of the tables is the one in which the queries of the adapters name them: a rebuild that switches the views
 * locks them in this order, so it and a reader never wait for each other.
 *
 * Row-level security holds for the owner too (`secured`): a transaction sees the rows of the tenant that it names, and
 * none if it names none. Only operators that are leakproof (`=`, `<`, `>=`) reach an index behind such a policy, so
 * there is no `LIKE` and no full-text search here, and text is in the order of its bytes (`COLLATE "C"`).
 */
export const auditTables = {
  /** How long entries keep their contents, and how many of the oldest have lost them. An organization that never chose has no row. */
  retention: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text PRIMARY KEY,
        days integer,
        removed bigint NOT NULL DEFAULT 0
      )`,
      ...secured(table),
    ],
  },
  /**
   * By what entries are found: for each term, a row per block of 64 entries of its tree in which it stands, with a bit for each
   * of them. What most entries have in common (an action, a namespace, most words) is a row for 64 of them that way, and a
   * search for several terms is the conjunction of their bits: it reads no entry that it does not show.
   */
  entry_terms: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        term text COLLATE "C" NOT NULL,
        block bigint NOT NULL,
        bits bigint NOT NULL,
        PRIMARY KEY (org_id, term, block)
      )`,
      withoutStatistics(table, 'bits'),
      ...secured(table),
    ],
  },
  entries: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        position bigint NOT NULL,
        index bigint NOT NULL,
        version integer NOT NULL,
        id text NOT NULL,
        at timestamptz NOT NULL,
        space_id text,
        namespace text NOT NULL,
        action text NOT NULL,
        actor_type text NOT NULL,
        actor_id text NOT NULL,
        target_types text[] NOT NULL,
        target_ids text[] NOT NULL,
        outcome text NOT NULL,
        reason text,
        before jsonb,
        after jsonb,
        request_id text,
        trace_id text,
        commitment text,
        PRIMARY KEY (org_id, index),
        UNIQUE (org_id, id),
        -- For the feed, which carries all tenants in the order of the log.
        UNIQUE (position)
      )`,
      `CREATE INDEX ON ${table} (org_id, at, index)`,
      withoutStatistics(
        table,
        'version space_id namespace action actor_type actor_id target_types target_ids ' +
          'outcome reason before after request_id trace_id commitment',
      ),
      ...secured(table),
    ],
  },
  labels: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        id text NOT NULL,
        name text NOT NULL,
        space_id text,
        PRIMARY KEY (org_id, id)
      )`,
      ...secured(table),
    ],
  },
  /**
   * The hashes of the complete subtrees that end with an entry, one behind the other, of levels 0, 1, 2 …: 32 bytes for its
   * own leaf, 64 for every second entry, 96 for every fourth. They never change, and any root or proof of any size is made
   * of O(log n) of them. In a table of their own, because they outlive the entries.
   */
  hashes: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        index bigint NOT NULL,
        hashes bytea NOT NULL,
        PRIMARY KEY (org_id, index)
      )`,
      withoutStatistics(table, 'hashes'),
      ...secured(table),
    ],
  },
  /** How far each tree has grown, with the hashes that its growth needs: `Frontier.hashes`, one behind the other. */
  trees: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (org_id text PRIMARY KEY, size bigint NOT NULL, frontier bytea NOT NULL)`,
      ...secured(table),
    ],
  },
} as const;

export type AuditTable = keyof typeof auditTables;
