import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = fileURLToPath(new URL('../../node_modules/.cache/tollgate', import.meta.url));

/** The first executable of that name on the PATH. */
export function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((path) => may(path, constants.X_OK));
}

/**
 * The path of one file of a Debian package, fetched into the cache the first time: `apt-get download` and `dpkg -x` need
 * neither root nor an installation. Throws with the reason when it cannot be had.
 * @param find the file among those of the package, as paths inside it such as `usr/bin/spin`
 */
export async function debianFile(name: string, find: (path: string) => boolean): Promise<string> {
  const kept = join(cache, `debian-${name}`);
  if (!may(kept, constants.R_OK)) await fetchPackage(name, kept);
  const found = readdirSync(kept, { recursive: true, encoding: 'utf8' }).find(find);
  if (found === undefined) throw new Error(`the Debian package ${name} has no such file`);
  return join(kept, found);
}

async function fetchPackage(name: string, destination: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const workplace = mkdtempSync(join(cache, '.fetch-'));
  try {
    const options = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15'];
    await run('apt-get', [...options, 'download', name], { cwd: workplace, timeout: 60_000 });
    const archive = readdirSync(workplace).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded nothing');
    await run('dpkg', ['-x', archive, 'root'], { cwd: workplace });
    renameSync(join(workplace, 'root'), destination);
  } catch (error) {
    // Another process may have been faster.
    if (!may(destination, constants.R_OK)) throw error;
  } finally {
    rmSync(workplace, { recursive: true, force: true });
  }
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
