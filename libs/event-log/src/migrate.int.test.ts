import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres, type TestPostgres } from '@tollgate/stack';
import { migrate, migrateEventLog } from './migrate.ts';
import { createPool, type Pool } from './pool.ts';
import { ensureServiceRoles, serviceRoles, serviceUrl } from './roles.ts';

const passwords = { 'token-command': 'a', 'billing-meter': 'b\'; \\ "c', 'audit-projector': 'p@ss/w:rd?#%' };
let server: TestPostgres;
let admin: Pool;
let dir: string;
let service: string;
let counter = 0;

beforeAll(async () => {
  server = await startPostgres();
  admin = createPool(server.url, { name: 'test' });
});
afterAll(async () => {
  await admin.end();
  await server.stop();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tollgate-migrations-'));
  service = `service-${++counter}`;
});
afterEach(() => rmSync(dir, { recursive: true }));

const file = (name: string, sql: string) => writeFileSync(join(dir, name), sql);
const exists = async (name: string) =>
  (await admin.query('SELECT to_regclass($1) AS found', [name])).rows[0].found !== null;

describe('migrations', () => {
  it('run once each, in order, and say which ran', async () => {
    file('0001_first.sql', `CREATE TABLE ${`m${counter}`} (id int); INSERT INTO m${counter} VALUES (1)`);
    file('0002_second.sql', `UPDATE m${counter} SET id = id + 1`);
    file('notes.txt', 'not a migration');
    expect(await migrate(admin, { service, dir })).toEqual(['0001_first.sql', '0002_second.sql']);
    expect(await migrate(admin, { service, dir })).toEqual([]);
    file('0003_third.sql', `UPDATE m${counter} SET id = id * 10`);
    expect(await migrate(admin, { service, dir })).toEqual(['0003_third.sql']);
    expect((await admin.query(`SELECT id FROM m${counter}`)).rows).toEqual([{ id: 20 }]);
  });

  it('run once although several launchers start at once', async () => {
    file('0001_first.sql', `SELECT pg_sleep(0.1); CREATE TABLE m${counter} ()`);
    const runs = await Promise.all([1, 2, 3].map(() => migrate(admin, { service, dir })));
    expect(runs.map((names) => names.length).sort()).toEqual([0, 0, 1]);
  });

  it('that fail leave nothing behind and are named', async () => {
    file('0001_first.sql', `CREATE TABLE m${counter} ()`);
    file('0002_second.sql', `CREATE TABLE n${counter} (); SELECT 1/0`);
    await expect(migrate(admin, { service, dir })).rejects.toThrow(
      `The ${service} migration 0002_second.sql failed: division by zero`,
    );
    expect([await exists(`m${counter}`), await exists(`n${counter}`)]).toEqual([true, false]);
    file('0002_second.sql', `CREATE TABLE n${counter} ()`);
    expect(await migrate(admin, { service, dir })).toEqual(['0002_second.sql']);
  });

  it('that have changed since they ran are refused', async () => {
    file('0001_first.sql', 'SELECT 1');
    await migrate(admin, { service, dir });
    file('0001_first.sql', 'SELECT 2');
    await expect(migrate(admin, { service, dir })).rejects.toThrow('0001_first.sql has changed since it ran');
  });

  it('refuse a database that is newer than they are', async () => {
    file('0001_first.sql', 'SELECT 1');
    file('0002_second.sql', 'SELECT 1');
    await migrate(admin, { service, dir });
    rmSync(join(dir, '0002_second.sql'));
    await expect(migrate(admin, { service, dir })).rejects.toThrow('0002_second.sql, which this program lacks');
  });

  it.each(['0002_first.sql', '1_first.sql', '0001-first.sql'])('refuse a file named %s', async (name) => {
    file(name, 'SELECT 1');
    await expect(migrate(admin, { service, dir })).rejects.toThrow('0001_name.sql');
  });
});

describe('the roles and schemas of Tollgate', () => {
  const migrations = readdirSync(new URL('../migrations', import.meta.url)).length;

  it('are made by any administrator who may make roles and schemas, as often as one likes', async () => {
    await admin.query(`CREATE ROLE administrator LOGIN CREATEROLE PASSWORD 'admin'`);
    await admin.query('CREATE DATABASE managed');
    await admin.query('GRANT CREATE ON DATABASE managed TO administrator');
    const managed = (user: string, password: string) => {
      const url = new URL(server.url);
      Object.assign(url, { username: user, password, pathname: '/managed' });
      return url.toString();
    };
    const owner = createPool(managed('postgres', new URL(server.url).password), { name: 'test' });
    await owner.query('GRANT CREATE ON SCHEMA public TO administrator');
    await owner.end();
    const administrator = createPool(managed('administrator', 'admin'), { name: 'test' });
    for (let start = 1; start <= 2; start++) {
      await ensureServiceRoles(administrator, passwords);
      expect(await migrateEventLog(administrator)).toHaveLength(start === 1 ? migrations : 0);
    }
    for (const [name, role] of Object.entries(serviceRoles)) {
      const url = serviceUrl(
        managed('administrator', 'admin'),
        name as keyof typeof serviceRoles,
        passwords[name as keyof typeof passwords],
      );
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const { rows } = await client.query('SELECT current_user AS me, position FROM log.head');
      expect(rows).toEqual([{ me: role, position: '0' }]);
      await client.end();
    }
    await administrator.end();
  });

  it('are made once although several launchers start at once', async () => {
    await Promise.all([1, 2, 3].map(() => ensureServiceRoles(admin, passwords)));
    const runs = await Promise.all([1, 2, 3].map(() => migrateEventLog(admin)));
    expect(runs.flat()).toHaveLength(migrations);
  });
});
