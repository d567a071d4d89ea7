import { secured, withoutStatistics } from '@tollgate/projection';

/**
 * The tables of the projection `ledger`, in the schema `billing`, made from the billing log. Whoever reads several views in
 * one statement names them in this order, as for the projection `seats`.
 */
export const ledgerTables = {
  statements: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        no integer NOT NULL,
        closing jsonb NOT NULL,
        closed_at timestamptz NOT NULL,
        version integer NOT NULL,
        issue jsonb,
        issued_at timestamptz,
        PRIMARY KEY (org_id, no)
      )`,
    ],
  },
  lines: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        no integer NOT NULL,
        line_no integer NOT NULL,
        id text NOT NULL,
        kind text NOT NULL,
        token_id text NOT NULL,
        of_statement integer NOT NULL,
        amount text NOT NULL,
        data jsonb NOT NULL,
        posted_at timestamptz NOT NULL,
        PRIMARY KEY (org_id, no, line_no),
        UNIQUE (org_id, id)
      )`,
      `CREATE INDEX ON ${table} (org_id, token_id, of_statement)`,
    ],
  },
  seat_records: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        token_id text NOT NULL,
        version integer NOT NULL,
        terms jsonb NOT NULL,
        since timestamptz NOT NULL,
        closed_at timestamptz,
        PRIMARY KEY (org_id, token_id)
      )`,
      withoutStatistics(table, 'version terms since'),
    ],
  },
  feed: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        sequence bigint NOT NULL,
        position bigint NOT NULL UNIQUE,
        PRIMARY KEY (org_id, sequence)
      )`,
    ],
  },
  /** Amounts are digit strings: micro-units beyond 2^53 survive JSON. */
  balances: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text PRIMARY KEY,
        version integer NOT NULL,
        available text NOT NULL,
        held text NOT NULL,
        topped_up text NOT NULL,
        captured text NOT NULL,
        uncollected text NOT NULL,
        booked_to integer NOT NULL,
        low_under text,
        at text NOT NULL
      )`,
      ...secured(table),
    ],
  },
  /** What happened to a charge stands in the log; here is where. */
  charges: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        charge_id text NOT NULL,
        position bigint NOT NULL,
        status text NOT NULL,
        token_id text NOT NULL,
        tool text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at text,
        expiry_position bigint,
        closing_position bigint,
        PRIMARY KEY (org_id, charge_id),
        UNIQUE (org_id, position)
      )`,
      `CREATE INDEX ON ${table} (org_id, token_id, position)`,
      // What the timer looks for, and what a balance is opened with.
      `CREATE INDEX ON ${table} (org_id, expires_at) WHERE status = 'reserved'`,
      ...secured(table),
    ],
  },
  /** What tokens have spent by day, for their caps. */
  token_spending: {
    ddl: (table: string) => [
      `CREATE TABLE ${table} (
        org_id text NOT NULL,
        token_id text NOT NULL,
        day text COLLATE "C" NOT NULL,
        micros numeric NOT NULL,
        PRIMARY KEY (org_id, token_id, day)
      )`,
      ...secured(table),
    ],
  },
} as const;

export type LedgerTable = keyof typeof ledgerTables;
