// The part of `npm start` and `npm test` that runs on whatever Node is installed (20 or later), before anything else is:
// built-in modules only.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** The Node that the lock file pins. */
export const pinnedNode = join(root, 'node_modules', 'node', 'bin', 'node');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs `npm ci` if node_modules lacks a package of package-lock.json, or has another version of one.
 * Ends this process if that fails or is interrupted.
 */
export async function installWhatIsMissing() {
  if (isInstalled()) return;
  console.log('Installing packages (npm ci) …');
  // npm says which npm is running; without it, the one on the PATH. A production environment would leave out what we need.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const { code, interrupted } = await run([
    ...npm,
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  if (interrupted || code !== 0) process.exit(interrupted ? 0 : code);
  if (!existsSync(pinnedNode)) {
    console.error(
      `${pinnedNode} is missing although npm ci succeeded: allow the install script of the package "node".`,
    );
    process.exit(1);
  }
}

/**
 * Runs a command in the foreground. Signals are passed on, so that the child decides when and how it ends; `ipc` opens a
 * channel by which it notices that this process was killed.
 * @param {string[]} command
 * @param {{ env?: NodeJS.ProcessEnv, ipc?: boolean }} [options]
 * @returns {Promise<{ code: number, interrupted: boolean }>} its exit code, and whether a signal was passed on
 */
export async function run([file, ...args], { env = process.env, ipc = false } = {}) {
  const stdio = ipc ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit';
  const child = spawn(file, args, { cwd: root, env, stdio });
  let interrupted = false;
  const handlers = SIGNALS.map((signal) => [
    signal,
    () => {
      interrupted = true;
      child.kill(signal);
    },
  ]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  const watch = whenNpmIsGone(() => {
    interrupted = true;
    child.kill('SIGTERM');
  });
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...end) => resolve(end));
  });
  for (const [name, handler] of handlers) process.off(name, handler);
  clearInterval(watch);
  if (signal && !interrupted) console.error(`${file} was ended by ${signal}.`);
  return { code: code ?? 1, interrupted };
}

/**
 * npm passes signals on, except the one that nobody can catch. Under npm, this process is npm's child (package.json says
 * `exec`): if it gets another parent, npm was killed, and whatever it runs is to end too.
 */
function whenNpmIsGone(act) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const npm = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(watch);
    act();
  }, 500);
  return watch;
}

/** npm notes in node_modules/.package-lock.json what it has installed. */
function isInstalled() {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (!installed || !existsSync(pinnedNode)) return false;
  return Object.entries(wanted ?? {}).every(([path, { version, integrity, link, optional, peer }]) => {
    if (!path.startsWith('node_modules/') || optional) return true;
    const found = installed[path];
    if (!found) return peer === true;
    if (!existsSync(join(root, path))) return false;
    return link === true || (found.version === version && found.integrity === integrity);
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
