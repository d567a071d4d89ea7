import { withoutStatistics } from '@tollgate/projection';

/**
 * The tables of the projection `seats`, in the schema `billing`. The tenant comes first in every key; prices and the clock
 * belong to the platform. Positions are those of the events, so that ties are settled as in the log.
 *
 * The order of the tables is the one in which the query of `PostgresLedgers` names them: a rebuild that switches the views
 * locks them in this order, so it and a reader never wait for each other.
 */
export const seatsTables = {
  subscribers: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text PRIMARY KEY,
        currency text NOT NULL,
        time_zone text NOT NULL,
        anchor timestamptz NOT NULL,
        billing_interval text NOT NULL,
        policy text NOT NULL
      )`,
    ],
  },
  plans: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        position bigint NOT NULL,
        plan text NOT NULL,
        since timestamptz NOT NULL,
        event_id text NOT NULL,
        event_type text NOT NULL,
        PRIMARY KEY (org_id, position)
      )`,
    ],
  },
  prices: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        product text NOT NULL,
        position bigint NOT NULL,
        plan text NOT NULL,
        scope text NOT NULL,
        currency text,
        amount text NOT NULL CHECK (amount ~ '^[0-9]+$'),
        effective_from timestamptz NOT NULL,
        event_id text NOT NULL,
        PRIMARY KEY (product, position)
      )`,
    ],
  },
  clock: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
        offset_ms bigint NOT NULL
      )`,
    ],
  },
  seats: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        token_id text NOT NULL,
        product text NOT NULL,
        scope text NOT NULL,
        billable boolean NOT NULL,
        opened_at timestamptz NOT NULL,
        opened_position bigint NOT NULL,
        opened_by text NOT NULL,
        account_id text NOT NULL,
        first jsonb NOT NULL,
        changes jsonb NOT NULL,
        expires_at timestamptz,
        revoked_at timestamptz,
        revoked_by jsonb,
        moved_position bigint NOT NULL,
        PRIMARY KEY (org_id, token_id),
        UNIQUE (org_id, opened_position)
      )`,
      // What the clerk looks for: seats that moved since, and those whose expiry has come.
      `CREATE INDEX ON ${table} (moved_position)`,
      `CREATE INDEX ON ${table} (expires_at) WHERE revoked_at IS NULL`,
      withoutStatistics(table, 'product scope billable opened_by account_id first changes revoked_by'),
    ],
  },
} as const;

export type SeatsTable = keyof typeof seatsTables;
