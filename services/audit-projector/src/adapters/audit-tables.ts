/**
 * The tables of the projection `audit`, in the schema `audit`. `org_id` comes first in every key and index; `_` stands for
 * the platform. Each index ends with the position, by which lists are ordered and paged.
 *
 * The order of the tables is the one in which the query of `PostgresEntries` names them: a rebuild that switches the views
 * locks them in this order, so it and a reader never wait for each other.
 */
export const auditTables = {
  entries: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        position bigint NOT NULL,
        index bigint NOT NULL,
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
        PRIMARY KEY (org_id, position),
        UNIQUE (org_id, index),
        UNIQUE (org_id, id)
      )`,
      `CREATE INDEX ON ${table} (org_id, at, position)`,
      `CREATE INDEX ON ${table} (org_id, namespace, position)`,
      `CREATE INDEX ON ${table} (org_id, action text_pattern_ops, position)`,
      `CREATE INDEX ON ${table} (org_id, actor_id, position)`,
      `CREATE INDEX ON ${table} (org_id, position) WHERE outcome = 'refused'`,
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
    ],
  },
  entry_targets: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        target_id text NOT NULL,
        position bigint NOT NULL,
        PRIMARY KEY (org_id, target_id, position)
      )`,
    ],
  },
  trees: {
    ddl: (table: string) => [`CREATE TABLE ${table} (org_id text PRIMARY KEY, size bigint NOT NULL)`],
  },
} as const;

export type AuditTable = keyof typeof auditTables;
