import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditCheckpoint, auditList } from '@tollgate/contracts';
import type { Pool, PoolClient } from '@tollgate/event-log';
import { asTenant } from '@tollgate/projection';
import type { Stage } from '@tollgate/runtime/testing';
import { generateSigningKey, readSigningKey } from '@tollgate/proof';
import { auditTables } from './adapters/audit-tables.ts';
import { CheckpointSigner } from './adapters/checkpoint-signer.ts';
import { PostgresEntries } from './adapters/postgres-entries.ts';
import { PostgresTrees } from './adapters/postgres-trees.ts';
import { auditProjector } from './service.ts';
import { ada, fill, owner, startAuditStage } from './testing/organizations.ts';

let stage: Stage;
let pool: Pool;
let one: string;
let other: string;

beforeAll(async () => {
  stage = await startAuditStage();
  await stage.run(auditProjector);
  one = (await fill(stage, 5)).org;
  const { org, position } = await fill(stage, 9);
  other = org;
  await stage.call(auditList, { org: one, atLeast: position }, owner);
  for (const tenant of [one, other]) await stage.call(auditCheckpoint, { org: tenant }, owner);
  pool = stage.db.pool('audit-projector');
});
afterAll(() => stage.stop());

/** The pool of a program that forgot to name the organization: every `org_id = $1` of its statements is gone. */
function forgetful(): { pool: Pool; forgotten: () => number } {
  let forgotten = 0;
  const forget = (text: string) =>
    text.replaceAll(/\b(\w+\.)?org_id = \$1/g, () => {
      forgotten++;
      return '$1::text IS NOT NULL';
    });
  const connect = async () => {
    const client = await pool.connect();
    const query = (given: string | { name?: string; text: string; values: unknown[] }, values?: unknown[]) =>
      typeof given === 'string'
        ? client.query(forget(given), values)
        : client.query({ text: forget(given.text), values: given.values });
    return { query, release: (broken?: Error) => client.release(broken) } as unknown as PoolClient;
  };
  return { pool: { connect } as unknown as Pool, forgotten: () => forgotten };
}

const everything = { begin: 0, end: Number.MAX_SAFE_INTEGER };

/** Every read there is, each as a list of whose rows it gave. */
const reads: Record<string, (from: Pool, tenant: string) => Promise<unknown[]>> = {
  'the search': async (from, tenant) =>
    (await new PostgresEntries(from).newest(tenant, {}, null, 200)).map(({ orgId }) => orgId),
  'the search by target': async (from, tenant) =>
    (await new PostgresEntries(from).newest(tenant, { target: other }, null, 200)).map(({ orgId }) => orgId),
  'the search by words': async (from, tenant) =>
    (await new PostgresEntries(from).newest(tenant, { words: [{ text: 'room', beginning: false }] }, null, 200)).map(
      ({ orgId }) => orgId,
    ),
  'the search by time': async (from, tenant) =>
    (await new PostgresEntries(from).newest(tenant, { from: '2000-01-01T00:00:00Z' }, null, 200)).map(
      ({ orgId }) => orgId,
    ),
  'the export': async (from, tenant) =>
    (await new PostgresEntries(from).oldest(tenant, {}, everything, 200)).map(({ orgId }) => orgId),
  'an entry by its id': async (from, tenant) => {
    const foreign = (await new PostgresEntries(pool).newest(other, {}, null, 1))[0]!.id;
    return (await new PostgresEntries(from).indexOf(tenant, foreign)) === null ? [] : [other];
  },
  'the tree': async (from, tenant) => ((await new PostgresTrees(from).size(tenant)) === 9 ? [other] : []),
  'its hashes': async (from, tenant) => {
    const range = [{ begin: 8, end: 9 }];
    return new PostgresTrees(from).hashes(tenant, range).then(
      () => [other],
      () => [],
    );
  },
  'a checkpoint': async (from, tenant) => {
    const signer = new CheckpointSigner(from, readSigningKey(generateSigningKey(), 'tollgate-audit'));
    return signer.note(tenant, 9).then(
      () => [other],
      () => [],
    );
  },
};

describe('two tenants', () => {
  it.each(Object.keys(reads))('%s shows one of them, also to a program that forgot to name it', async (name) => {
    const read = reads[name] as (typeof reads)[string];
    expect(await read(pool, one)).not.toContain(other);
    const { pool: mutant, forgotten } = forgetful();
    expect(await read(mutant, one)).not.toContain(other);
    expect(forgotten()).toBeGreaterThan(0);
  });

  it('the mutant would have shown both without the second line', async () => {
    for (const table of ['entries', 'hashes', 'trees', 'entry_terms', 'labels']) {
      const { rows } = await stage.db.admin.query<{ orgs: string[] }>(
        `SELECT array_agg(DISTINCT org_id) AS orgs FROM audit.${table}`,
      );
      expect(rows[0]?.orgs).toEqual(expect.arrayContaining([one, other]));
    }
    const { pool: mutant } = forgetful();
    // The same statement in a transaction of the projection, which names every tenant.
    const all = await new PostgresEntries({
      connect: async () => {
        const client = await mutant.connect();
        const query = (text: string, values: unknown[]) =>
          client.query(text, text.includes('set_config') ? ['*'] : values);
        return { query, release: () => client.release() };
      },
    } as unknown as Pool).newest(one, {}, null, 200);
    expect(new Set(all.map(({ orgId }) => orgId)).size).toBeGreaterThan(1);
  });
});

describe('row-level security', () => {
  it('is enabled and forced on every table, and its views read as whoever reads', async () => {
    const { rows } = await stage.db.admin.query(
      `SELECT relname AS name, relrowsecurity AS enabled, relforcerowsecurity AS forced FROM pg_class
        WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r'
          AND relname NOT IN ('projection_checkpoints', 'published', 'witness')`,
    );
    // Besides: what was signed, what the witness cosigned, what it refused.
    expect(rows.length).toBe(Object.keys(auditTables).length + 3);
    expect(rows.every(({ enabled, forced }) => enabled && forced)).toBe(true);
    const views = await stage.db.admin.query(
      `SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relkind = 'v'`,
    );
    expect(views.rows.length).toBe(Object.keys(auditTables).length);
    for (const { reloptions } of views.rows) expect(reloptions).toEqual(['security_invoker=true']);
  });

  it('shows nothing to a transaction that names nobody, and lets a tenant write nothing', async () => {
    for (const table of [...Object.keys(auditTables), 'checkpoints'])
      expect((await pool.query(`SELECT FROM audit.${table}`)).rowCount).toBe(0);
    const written = asTenant(pool, one, (tx) =>
      tx.query(`INSERT INTO audit.labels (org_id, id, name) VALUES ($1, 'x', 'x')`, [one]),
    );
    await expect(written).rejects.toThrow('row-level security');
  });

  it('ends with the transaction: a connection goes back naming nobody', async () => {
    const single = stage.db.pool('audit-projector', 1);
    expect(await asTenant(single, one, async (tx) => (await tx.query('SELECT FROM audit.entries')).rowCount)).toBe(5);
    expect((await single.query('SELECT FROM audit.entries')).rowCount).toBe(0);
  });

  it('leaves the operators of the search their indexes', async () => {
    const operators = ['texteq', 'text_ge', 'text_lt', 'int8eq', 'int8lt', 'int8gt', 'timestamptz_ge'];
    const { rows } = await stage.db.admin.query(
      `SELECT proname FROM pg_proc WHERE proname = ANY($1) AND NOT proleakproof`,
      [operators],
    );
    expect(rows).toEqual([]);
  });
});

describe('the role of the projector', () => {
  it('reads the event log and cannot write it', async () => {
    expect((await pool.query('SELECT FROM log.events')).rowCount).toBeGreaterThan(0);
    for (const change of [
      'INSERT INTO log.events SELECT * FROM log.events LIMIT 1',
      `UPDATE log.events SET type = 'x'`,
      'DELETE FROM log.events',
      'TRUNCATE log.events',
      'UPDATE log.head SET position = position + 1',
      'SELECT * FROM personal.people',
    ])
      await expect(pool.query(change)).rejects.toThrow('permission denied');
  });

  it('has a NATS user that cannot publish events', async () => {
    const bus = await stage.busOf('audit-projector');
    const refused = new Promise<string>((resolve) => {
      void (async () => {
        for await (const status of bus.nc.status())
          if (status.type === 'error') return resolve(String((status as { error: Error }).error.message));
      })();
    });
    bus.nc.publish(`tollgate.events.${one}.token.TokenRevoked`, JSON.stringify({ actor: ada }));
    expect(await refused).toMatch(/permissions violation/i);
  });
});
