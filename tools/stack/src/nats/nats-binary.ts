import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { exists, reasonOf, StartError } from '../files.ts';

const run = promisify(execFile);

const RELEASE = 'v2.12.1';
const RELEASE_URL = 'https://github.com/nats-io/nats-server/releases/download';

export interface NatsBinaryOptions {
  /** Where a fetched server is kept: `<directory>/nats-server`. */
  directory: string;
  env?: NodeJS.ProcessEnv;
  /** Told before something is downloaded. */
  onProgress?: (what: string) => void;
}

/**
 * Finds a nats-server, or gets one without needing root: from PATH, from an earlier download, from the Debian package,
 * or from the project's releases on GitHub (checked against the release's SHA256SUMS; `TOLLGATE_NATS_RELEASE_URL` names
 * a mirror). What is fetched appears in `directory` complete or not at all.
 * Returns the executable's path. Throws StartError with the ways to provide one.
 */
export async function findNatsServer(options: NatsBinaryOptions): Promise<string> {
  const { directory, env = process.env, onProgress = () => {} } = options;
  const onPath = searchPath('nats-server', env);
  if (onPath) return onPath;
  const kept = join(directory, 'nats-server');
  if (exists(kept)) return kept;
  const reasons: string[] = [];
  const sources = [
    { name: 'the Debian package nats-server', fetch: () => fromDebian(directory, env) },
    { name: `the release ${RELEASE} of nats-server`, fetch: () => fromRelease(directory, env) },
  ];
  mkdirSync(directory, { recursive: true });
  for (const { name, fetch } of sources) {
    onProgress(`fetching ${name}`);
    try {
      await fetch();
      return kept;
    } catch (error) {
      reasons.push(`${name}: ${(error as Error).message.trim().split('\n').at(-1)}`);
    }
  }
  throw new StartError(
    `No nats-server was found and none could be fetched (${reasons.join('; ')}). Put nats-server on the PATH (package "nats-server" or https://github.com/nats-io/nats-server/releases), or set TOLLGATE_NATS_URL to a server with JetStream.`,
  );
}

/** The first executable of that name on the PATH. */
export function searchPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not there, or not executable: look on.
    }
  }
  return undefined;
}

/** `apt-get download` and `dpkg -x` need neither root nor an installation. */
async function fromDebian(directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (!searchPath('apt-get', env) || !searchPath('dpkg', env)) throw new Error('this is not a Debian system');
  await fetchInto(directory, async (workplace) => {
    const options = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15'];
    await run('apt-get', [...options, 'download', 'nats-server'], { cwd: workplace, env, timeout: 120_000 });
    const archive = readdirSync(workplace).find((file) => file.endsWith('.deb'));
    if (!archive) throw new Error('apt-get downloaded nothing');
    await run('dpkg', ['-x', archive, 'root'], { cwd: workplace, env });
    return join(workplace, 'root', 'usr', 'sbin', 'nats-server');
  });
}

async function fromRelease(directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  const systems: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin' };
  const machines: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
  const [system, machine] = [systems[process.platform], machines[process.arch]];
  if (!system || !machine) throw new Error(`there is no archive for ${process.platform} on ${process.arch}`);
  const base = `${env['TOLLGATE_NATS_RELEASE_URL'] || RELEASE_URL}/${RELEASE}`;
  const name = `nats-server-${RELEASE}-${system}-${machine}`;
  const archive = `${name}.tar.gz`;
  await fetchInto(directory, async (workplace) => {
    const sums = (await download(`${base}/SHA256SUMS`)).toString('utf8');
    const expected = sums
      .split('\n')
      .map((line) => line.trim().split(/\s+\*?/))
      .find(([, file]) => file === archive)?.[0];
    if (!expected) throw new Error(`${base}/SHA256SUMS does not name ${archive}`);
    const content = await download(`${base}/${archive}`);
    const found = createHash('sha256').update(content).digest('hex');
    if (found !== expected.toLowerCase())
      throw new Error(`the SHA-256 sum of ${base}/${archive} is wrong: it was not used`);
    writeFileSync(join(workplace, archive), content);
    await run('tar', ['-xzf', archive], { cwd: workplace, env });
    return join(workplace, name, 'nats-server');
  });
}

async function download(url: string): Promise<Buffer> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(120_000) });
  } catch (error) {
    throw new Error(`${url} could not be fetched: ${reasonOf(error)}`, { cause: error });
  }
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Runs `work` in a directory beside the destination, tries the executable it returns, and only then moves it there. */
async function fetchInto(directory: string, work: (workplace: string) => Promise<string>): Promise<void> {
  const workplace = mkdtempSync(join(directory, '.fetch-'));
  try {
    const binary = await work(workplace);
    chmodSync(binary, 0o755);
    await run(binary, ['--version']);
    renameSync(binary, join(directory, 'nats-server'));
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}
