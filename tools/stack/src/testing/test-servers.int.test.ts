import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { startNats, startPostgres, type TestNats, type TestPostgres } from '../index.ts';

describe('startPostgres', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  async function query(text: string): Promise<unknown[][]> {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      return (await client.query({ text, rowMode: 'array' })).rows as unknown[][];
    } finally {
      await client.end();
    }
  }

  it('syncs to disk, and keeps what it acknowledged when it is killed', async () => {
    expect(await query('SHOW fsync')).toEqual([['on']]);
    await query('CREATE TABLE kept (x int)');
    await query('INSERT INTO kept VALUES (7)');
    await postgres.kill();
    await postgres.restart();
    expect(await query('SELECT x FROM kept')).toEqual([[7]]);
  });
});

describe('startNats', () => {
  let nats: TestNats;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats.stop());

  it('accepts credentials made before it was killed and started again', async () => {
    const creds = readFileSync(await nats.credsFor('anyone', 'everything'));
    await nats.kill();
    await nats.restart();
    const connection = await connect({ servers: nats.url, authenticator: credsAuthenticator(creds) });
    await connection.flush();
    await connection.close();
  });

  it('turns away whoever comes without credentials', async () => {
    await expect(connect({ servers: nats.url, reconnect: false })).rejects.toThrow(/authoriz|authentic/i);
  });
});
