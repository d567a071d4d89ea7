import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateSigningKey, readSigningKey, type KeyUse, type SigningKey } from './keys.ts';

/**
 * The signing key in a PKCS#8 PEM file; made with mode 0600 if there is none. Several processes may start at
 * once: all get the same.
 * @throws Error with one sentence when the file cannot be read, holds no Ed25519 key, or others may read it
 */
export async function loadOrCreateSigningKey(path: string, name: string, use: KeyUse = 'note'): Promise<SigningKey> {
  try {
    const pem = (await readIfThere(path)) ?? (await create(path));
    if (((await stat(path)).mode & 0o077) !== 0) throw new Error('others may read it: set its mode to 0600');
    return readSigningKey(pem, name, use);
  } catch (error) {
    throw new Error(`The signing key ${path} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

async function create(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, generateSigningKey(), { mode: 0o600, flag: 'wx', flush: true });
  try {
    // A link appears with its content, and only if the name is not taken.
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, 'utf8');
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
