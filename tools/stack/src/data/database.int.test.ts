import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { startPostgres, type TestPostgres } from '../testing/start-postgres.ts';
import { prepareDatabase } from './database.ts';
import { scramVerifier } from './secrets.ts';

describe('prepareDatabase', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  const passwords = (suffix: string) => ({
    'token-command': `token ${suffix}`,
    'billing-meter': `billing/${suffix}?`,
    'audit-projector': `audit ${suffix}`,
  });

  async function query(url: string, text: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(text)).rows as unknown[];
    } finally {
      await client.end();
    }
  }

  it('makes a role per service that can log in, owns no right but its own, and is no administrator', async () => {
    const { urls, migrations } = await prepareDatabase(postgres.url, passwords('one'));
    expect(migrations.length).toBeGreaterThan(0);
    for (const [service, url] of Object.entries(urls)) {
      const role = `tollgate_${service.replace('-', '_')}`;
      const sql =
        'SELECT current_user::text AS name, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user';
      expect(await query(url, sql)).toEqual([
        { name: role, rolsuper: false, rolcreatedb: false, rolcreaterole: false },
      ]);
    }
    await expect(query(urls['billing-meter'], 'DELETE FROM log.events')).rejects.toThrow(/permission denied|append/i);
    await expect(query(urls['audit-projector'], 'SELECT * FROM personal.people')).rejects.toThrow(/permission denied/);
  });

  it('runs nothing twice, and sets the passwords anew', async () => {
    const before = await prepareDatabase(postgres.url, passwords('one'));
    const after = await prepareDatabase(postgres.url, passwords('two'));
    expect(after.migrations).toEqual([]);
    expect(await query(after.urls['billing-meter'], 'SELECT 1 AS x')).toEqual([{ x: 1 }]);
    await expect(query(before.urls['billing-meter'], 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('leaves no password in the log of the server, even if it logs every statement', async () => {
    await query(postgres.url, "ALTER SYSTEM SET log_statement = 'all'");
    await query(postgres.url, 'SELECT pg_reload_conf()');
    await prepareDatabase(postgres.url, passwords('canary'));
    const log = readFileSync(postgres.logFile, 'utf8');
    expect(log).toContain('ALTER ROLE "tollgate_billing_meter"');
    expect(log).not.toContain('canary');
  });
});

describe('scramVerifier', () => {
  it('gives what Postgres itself stores for this password and salt', () => {
    // From RFC 7677, section 3: user "user", password "pencil". The server's signature there follows from these keys.
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    expect(scramVerifier('pencil', salt)).toBe(
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
    );
  });
});
