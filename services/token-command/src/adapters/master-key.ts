import { join } from 'node:path';
import { loadOrCreateSecret } from '@tollgate/runtime';

const charactersMin = 32;

/**
 * The key that wraps what only this service may read: `TOLLGATE_MASTER_KEY`, or a file of the data directory. All processes of
 * the service need the same one.
 * @throws Error with one sentence when it is too short
 */
export async function masterKey(env: NodeJS.ProcessEnv, dataDir: string): Promise<string> {
  const given = env['TOLLGATE_MASTER_KEY'];
  if (!given) return loadOrCreateSecret(join(dataDir, 'master-key'));
  if (given.length < charactersMin)
    throw new Error(`TOLLGATE_MASTER_KEY must have at least ${charactersMin} characters: openssl rand -base64 32.`);
  return given;
}
