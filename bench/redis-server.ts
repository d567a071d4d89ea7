import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface RedisServer {
  readonly url: string;
  stop(): void;
}

/**
 * A Redis server without persistence on a free port: the one on the PATH, or Debian's package, which needs no root this way. Null
 * where there is neither.
 */
export async function startRedis(): Promise<RedisServer | null> {
  const workplace = mkdtempSync(join(tmpdir(), 'tollgate-redis-'));
  const stop = (child?: ChildProcess) => {
    child?.kill();
    rmSync(workplace, { recursive: true, force: true });
  };
  for (const find of [onPath, fromDebian]) {
    try {
      const { binary, libraries } = await find(workplace);
      const port = await freePort();
      const flags = [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--dir',
        workplace,
      ];
      const env = libraries ? { ...process.env, LD_LIBRARY_PATH: libraries } : process.env;
      const child = spawn(binary, flags, { env, stdio: 'ignore' });
      child.on('error', () => {});
      if (await answers(port, child)) return { url: `redis://127.0.0.1:${port}`, stop: () => stop(child) };
    } catch {
      // Not there: the next way.
    }
  }
  stop();
  return null;
}

interface Binary {
  readonly binary: string;
  /** A directory with the shared libraries that it needs. */
  readonly libraries?: string;
}

async function onPath(): Promise<Binary> {
  await run('redis-server', ['--version']);
  return { binary: 'redis-server' };
}

async function fromDebian(workplace: string): Promise<Binary> {
  // As root, apt-get would hand the download to a user who may not write here.
  const options = ['-o', 'APT::Sandbox::User=root', '-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15'];
  const packages = ['redis-tools', 'libjemalloc2', 'liblzf1', 'liblua5.1-0', 'libatomic1'];
  await run('apt-get', [...options, 'download', ...packages], { cwd: workplace, timeout: 60_000 });
  for (const archive of readdirSync(workplace).filter((file) => file.endsWith('.deb'))) {
    await run('dpkg', ['-x', archive, 'root'], { cwd: workplace });
  }
  const libraries = join(workplace, 'root', 'usr', 'lib');
  const [machine] = readdirSync(libraries).filter((name) => name.endsWith('-linux-gnu'));
  // The server and this program are one binary, which looks at the name it is called by.
  await run('ln', ['-sf', 'redis-check-rdb', join(workplace, 'root', 'usr', 'bin', 'redis-server')]);
  return { binary: join(workplace, 'root', 'usr', 'bin', 'redis-server'), libraries: join(libraries, machine ?? '') };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(port: number, child: ChildProcess): Promise<boolean> {
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt++) {
    const reached = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (reached) return true;
    await sleep(50);
  }
  return false;
}
