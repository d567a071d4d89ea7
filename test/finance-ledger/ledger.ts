import pg from 'pg';
import { entriesOf, prepaid, unbilled, type CloudEvent } from './bookings.ts';

/**
 * `books` says up to where each organization is booked. `journal` holds every event as it came, `entries` what follows from
 * it. All three change in one transaction, so a crash at any point leaves an event either booked or not, never half.
 */
const tables = `
  CREATE SCHEMA IF NOT EXISTS ledger;
  CREATE TABLE IF NOT EXISTS ledger.books (
    org_id text PRIMARY KEY,
    sequence bigint NOT NULL
  );
  CREATE TABLE IF NOT EXISTS ledger.journal (
    org_id text NOT NULL,
    sequence bigint NOT NULL,
    id text NOT NULL UNIQUE,
    type text NOT NULL,
    effective_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (org_id, sequence)
  );
  CREATE TABLE IF NOT EXISTS ledger.entries (
    org_id text NOT NULL,
    sequence bigint NOT NULL,
    side smallint NOT NULL,
    account text NOT NULL,
    amount numeric(38, 0) NOT NULL,
    unit text NOT NULL CHECK (unit IN ('minor', 'micros')),
    currency text,
    statement integer,
    reference text NOT NULL,
    PRIMARY KEY (org_id, sequence, side),
    FOREIGN KEY (org_id, sequence) REFERENCES ledger.journal
  );
  CREATE INDEX IF NOT EXISTS entries_of_statements ON ledger.entries (org_id, account, statement)`;

/** An event together with its text, which is kept as it came. */
export interface Received {
  readonly event: CloudEvent;
  readonly sequence: number;
  readonly body: string;
}

/** What the feed carries contradicts what is booked: no machine should go on from here by itself. */
export class ContradictionError extends Error {}

/** The ledger of a finance department: a Postgres database of its own. */
export class Ledger {
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: 4 });
    // A connection that breaks while it waits is replaced; without a listener its error would end the process.
    this.#pool.on('error', () => undefined);
  }

  async open(): Promise<void> {
    // Two processes that make the same table at the same time would refuse each other.
    await this.#pool.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtext('ledger')); ${tables}; COMMIT`);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  /** The organizations that are in the books, and up to which sequence. */
  async books(): Promise<Map<string, number>> {
    const { rows } = await this.#pool.query<{ org_id: string; sequence: string }>('SELECT * FROM ledger.books');
    return new Map(rows.map(({ org_id, sequence }) => [org_id, Number(sequence)]));
  }

  /**
   * Books what is next of an organization's events and passes over what was booked before, in one transaction. The order in
   * which they came doesn't matter; whoever books the same events at the same time waits for this transaction.
   * @returns up to where the organization is booked. Less than the last of these events: something between is missing.
   * @throws ContradictionError when an event differs from the one booked under its sequence, a statement from its lines, or a
   * balance from what is booked.
   */
  async book(orgId: string, received: readonly Received[]): Promise<number> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      const booked = await bookWithin(client, orgId, received);
      await client.query('COMMIT');
      client.release();
      return booked;
    } catch (error) {
      // Closing the connection rolls back.
      client.release(error as Error);
      throw error;
    }
  }
}

async function bookWithin(client: pg.ClientBase, orgId: string, received: readonly Received[]): Promise<number> {
  await client.query('INSERT INTO ledger.books VALUES ($1, 0) ON CONFLICT DO NOTHING', [orgId]);
  const { rows } = await client.query<{ sequence: string }>(
    'SELECT sequence FROM ledger.books WHERE org_id = $1 FOR UPDATE',
    [orgId],
  );
  const before = Number(rows[0]?.sequence);
  let booked = before;
  for (const one of [...received].sort((a, b) => a.sequence - b.sequence)) {
    if (one.sequence <= booked) await mustBeTheSame(client, orgId, one);
    else if (one.sequence === booked + 1) {
      await bookEvent(client, orgId, one);
      booked = one.sequence;
    } else break;
  }
  if (booked > before) {
    await client.query('UPDATE ledger.books SET sequence = $2 WHERE org_id = $1', [orgId, booked]);
  }
  return booked;
}

/** Tollgate publishes an event again with the same bytes; anything else is not a repetition. */
async function mustBeTheSame(client: pg.ClientBase, orgId: string, { sequence, body, event }: Received): Promise<void> {
  const { rows } = await client.query<{ body: string }>(
    'SELECT body FROM ledger.journal WHERE org_id = $1 AND sequence = $2',
    [orgId, sequence],
  );
  if (rows[0]?.body !== body) {
    throw new ContradictionError(`${event.id} was booked with other content: ask Tollgate's operator before going on`);
  }
}

async function bookEvent(client: pg.ClientBase, orgId: string, { event, sequence, body }: Received): Promise<void> {
  await client.query('INSERT INTO ledger.journal VALUES ($1, $2, $3, $4, $5, $6, $7)', [
    ...[orgId, sequence, event.id, event.type, event.time, event.recordedtime, body],
  ]);
  for (const [side, entry] of entriesOf(event).entries()) {
    const { account, amount, unit, currency, statement, reference } = entry;
    await client.query('INSERT INTO ledger.entries VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
      ...[orgId, sequence, side, account, String(amount), unit, currency, statement, reference],
    ]);
  }
  if (event.type === 'statement.issued.v1') await mustBeCleared(client, orgId, event);
  if (event.data.after !== undefined) await mustBeTheBalance(client, orgId, event);
}

/** A statement is the sum of its lines: once it is booked, nothing unbilled is left of it. */
async function mustBeCleared(client: pg.ClientBase, orgId: string, { data, id }: CloudEvent): Promise<void> {
  const left = await balanceOf(client, orgId, unbilled, data.no);
  if (left !== 0n) throw new ContradictionError(`${id}: statement ${data.no} differs from its lines by ${left}`);
}

/** Events of the prepaid balance say what they leave behind: what was paid ahead and not yet taken, free or held. */
async function mustBeTheBalance(client: pg.ClientBase, orgId: string, { data, id }: CloudEvent): Promise<void> {
  const owed = -(await balanceOf(client, orgId, prepaid, null));
  const left = BigInt(data.after.availableMicros) + BigInt(data.after.heldMicros);
  if (owed !== left) throw new ContradictionError(`${id}: the balance is ${left} and ${owed} is booked`);
}

/** Debits less credits of an account, of one statement or of those entries that belong to none. */
async function balanceOf(
  client: pg.ClientBase,
  orgId: string,
  account: string,
  statement: number | null,
): Promise<bigint> {
  const { rows } = await client.query<{ balance: string }>(
    `SELECT coalesce(sum(amount), 0) AS balance FROM ledger.entries
      WHERE org_id = $1 AND account = $2 AND statement IS NOT DISTINCT FROM $3`,
    [orgId, account, statement],
  );
  return BigInt(rows[0]?.balance ?? 0);
}
