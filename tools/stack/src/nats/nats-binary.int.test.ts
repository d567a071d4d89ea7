import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../ports.ts';
import { makeTestDirectory, removeTestDirectory } from '../testing/test-directory.ts';
import { findNatsServer, searchPath } from './nats-binary.ts';

/** A server that says its version and nothing else. */
const SCRIPT = '#!/bin/sh\necho nats-server: v0.0.0\n';

describe('findNatsServer', () => {
  let root: string;
  let directory: string;
  let server: Server;
  /** The mirror's files by path. */
  let files: Map<string, Buffer>;
  let asked: string[];
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    root = await makeTestDirectory('nats-binary');
    server = createServer((request, response) => {
      asked.push(request.url as string);
      const file = files.get(request.url as string);
      response.writeHead(file ? 200 : 404).end(file);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A PATH on which neither nats-server nor apt-get is found, but what unpacks an archive is.
    const tools = join(root, 'tools');
    mkdirSync(tools);
    for (const tool of ['tar', 'gzip']) symlinkSync(searchPath(tool, process.env) as string, join(tools, tool));
    const { port } = server.address() as AddressInfo;
    env = { PATH: tools, TOLLGATE_NATS_RELEASE_URL: `http://127.0.0.1:${port}` };
  });
  afterAll(() => {
    server.close();
    removeTestDirectory(root);
  });
  beforeEach(() => {
    directory = mkdtempSync(join(root, 'bin-'));
    files = new Map();
    asked = [];
  });

  /** Puts a release on the mirror, whatever version and platform is asked for. */
  async function publish(sumOf: (archive: Buffer) => string): Promise<void> {
    await findNatsServer({ directory, env }).catch(() => undefined);
    const [version] = (asked[0] as string).split('/').slice(1);
    const systems = ['linux', 'darwin'].flatMap((system) =>
      ['amd64', 'arm64'].map((machine) => `${system}-${machine}`),
    );
    let sums = '';
    for (const system of systems) {
      const name = `nats-server-${version}-${system}`;
      mkdirSync(join(root, name), { recursive: true });
      writeFileSync(join(root, name, 'nats-server'), SCRIPT);
      chmodSync(join(root, name, 'nats-server'), 0o755);
      const archive = execFileSync('tar', ['-czf', '-', '-C', root, name]);
      files.set(`/${version}/${name}.tar.gz`, archive);
      sums += `${sumOf(archive)}  ${name}.tar.gz\n`;
    }
    files.set(`/${version}/SHA256SUMS`, Buffer.from(sums));
    asked = [];
  }

  const sha256 = (archive: Buffer) => createHash('sha256').update(archive).digest('hex');

  it('takes the one on the PATH and downloads nothing', async () => {
    const path = join(root, 'on-path');
    mkdirSync(path);
    writeFileSync(join(path, 'nats-server'), SCRIPT, { mode: 0o755 });
    expect(await findNatsServer({ directory, env: { ...env, PATH: `${env['PATH']}:${path}` } })).toBe(
      join(path, 'nats-server'),
    );
    expect(asked).toEqual([]);
  });

  it('takes the release whose sum is right, once', async () => {
    await publish(sha256);
    const binary = await findNatsServer({ directory, env });
    expect(binary).toBe(join(directory, 'nats-server'));
    expect(readFileSync(binary, 'utf8')).toBe(SCRIPT);
    expect(readdirSync(directory)).toEqual(['nats-server']);
    asked = [];
    expect(await findNatsServer({ directory, env })).toBe(binary);
    expect(asked).toEqual([]);
  });

  it('refuses an archive with another sum, and leaves nothing behind', async () => {
    await publish(() => sha256(Buffer.from('something else')));
    await expect(findNatsServer({ directory, env })).rejects.toThrow(/the SHA-256 sum of .* is wrong: it was not used/);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('names the ways when there is nothing to be had', async () => {
    const refusal = findNatsServer({ directory, env });
    await expect(refusal).rejects.toThrow('SHA256SUMS answered 404');
    await expect(refusal).rejects.toThrow('Put nats-server on the PATH');
    await expect(refusal).rejects.toThrow('TOLLGATE_NATS_URL');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('says so when the mirror cannot be reached', async () => {
    const nowhere = { ...env, TOLLGATE_NATS_RELEASE_URL: `http://127.0.0.1:${await freePort()}` };
    await expect(findNatsServer({ directory, env: nowhere })).rejects.toThrow(/could not be fetched: .*ECONNREFUSED/);
  });

  it('refuses a release that does not name this platform s archive', async () => {
    await publish(sha256);
    for (const path of files.keys())
      if (path.endsWith('SHA256SUMS')) files.set(path, Buffer.from('abc  other.tar.gz\n'));
    await expect(findNatsServer({ directory, env })).rejects.toThrow(/SHA256SUMS does not name nats-server-v/);
  });
});
