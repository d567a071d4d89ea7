import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../ports.ts';
import { makeTestDirectory, removeTestDirectory } from '../testing/test-directory.ts';
import { startPostgresServer, stopPostgresServer } from './postgres-server.ts';

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

describe('startPostgresServer', () => {
  let root: string;
  beforeEach(async () => {
    root = await makeTestDirectory('run-as');
  });
  afterEach(() => removeTestDirectory(root));

  async function startAndStop(directory: string): Promise<string[]> {
    const port = await freePort();
    const options = { directory, port, password: 'p', logFile: join(root, 'logs', 'postgres.log') };
    const server = await startPostgresServer(options);
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query<{ fsync: string }>('SHOW fsync');
    await client.end();
    await stopPostgresServer(server.process);
    return rows.map(({ fsync }) => fsync);
  }

  it('initialises a directory, which then starts again', async () => {
    const directory = join(root, 'postgres');
    expect(await startAndStop(directory)).toEqual(['on']);
    expect(await startAndStop(directory)).toEqual(['on']);
  });

  it('refuses a directory of another major version with one sentence', async () => {
    const directory = join(root, 'postgres');
    await startAndStop(directory);
    const found = readFileSync(join(directory, 'PG_VERSION'), 'utf8').trim();
    writeFileSync(join(directory, 'PG_VERSION'), '9\n');
    await expect(startAndStop(directory)).rejects.toThrow(
      `${directory} was written by Postgres 9 and this is Postgres ${found}: bring the data over with pg_upgrade or dump and restore, or move the data directory away to start afresh.`,
    );
  });

  asRoot('as root', () => {
    it('works below a directory that is closed to others, and leaves it closed', async () => {
      const closed = join(root, 'closed');
      mkdirSync(closed, { mode: 0o700 });
      const directory = join(closed, 'postgres');
      expect(await startAndStop(directory)).toEqual(['on']);
      expect(statSync(closed).mode & 0o777).toBe(0o700);
    });

    it('goes on with its data when the directory above is opened or closed in between', async () => {
      const place = join(root, 'place');
      mkdirSync(place, { mode: 0o755 });
      for (const mode of [0o755, 0o700, 0o755]) {
        chmodSync(place, mode);
        expect(await startAndStop(join(place, 'postgres'))).toEqual(['on']);
      }
    });
  });
});
