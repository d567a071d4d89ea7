import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = fileURLToPath(new URL('../../../../node_modules/.cache/tollgate', import.meta.url));

/**
 * The nginx of this machine, or Debian's, unpacked into the cache without root; null when there is neither, with the reason
 * on stderr.
 */
export async function findNginx(): Promise<string | null> {
  const kept = join(cache, 'nginx');
  for (const candidate of ['nginx', '/usr/sbin/nginx', kept]) if (await works(candidate)) return candidate;
  await mkdir(cache, { recursive: true });
  const workplace = await mkdtemp(join(cache, '.fetch-'));
  try {
    const options = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15'];
    await run('apt-get', [...options, 'download', 'nginx'], { cwd: workplace, timeout: 60_000 });
    const archive = (await readdir(workplace)).find((file) => file.endsWith('.deb')) as string;
    await run('dpkg', ['-x', archive, 'root'], { cwd: workplace });
    const binary = join(workplace, 'root', 'usr', 'sbin', 'nginx');
    await run(binary, ['-v']);
    await rename(binary, kept);
    return kept;
  } catch (error) {
    process.stderr.write(
      `The tests with nginx are skipped: there is none on the PATH, and Debian's cannot be had (${(error as Error).message.trim()}).\n`,
    );
    return null;
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

async function works(binary: string): Promise<boolean> {
  return run(binary, ['-v']).then(
    () => true,
    () => false,
  );
}

/** What the API behind nginx received. */
export interface Received {
  method: string;
  url: string;
  headers: Record<string, unknown>;
  body: string;
}

/** nginx in front of an API that answers with what it received. */
export interface GuardedApi {
  readonly url: string;
  readonly received: Received[];
  stop(): Promise<void>;
}

/** @param locations the `location` blocks of the server; `http://API` stands for the API's address */
export async function startGuardedApi(nginx: string, locations: string): Promise<GuardedApi> {
  const received: Received[] = [];
  const api = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.end('served');
    });
  });
  const upstream = await listen(api);
  const directory = await mkdtemp(join(tmpdir(), 'tollgate-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);
  await writeFile(
    join(directory, 'nginx.conf'),
    `daemon off; master_process off; pid nginx.pid; error_log stderr;
     events {}
     http {
       access_log off; ${temporary.join(' ')}
       server { listen 127.0.0.1:${port}; ${locations.replaceAll('http://API', `http://127.0.0.1:${upstream}`)} }
     }`,
  );
  const child = spawn(nginx, ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; !(await answers(url)); attempt++) {
    if (child.exitCode !== null || attempt > 500) {
      child.kill('SIGTERM');
      api.close();
      throw new Error(`nginx does not start: ${complaints}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  received.length = 0;
  return {
    url,
    received,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      api.closeAllConnections();
      await new Promise((resolve) => api.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}
