// Prepares a NATS server that somebody else runs: its configuration, and one user per service with just its permissions.
// TOLLGATE_CREDENTIALS_DIR gets `nats.conf`, `keys.json` (to make further users) and `creds/<service>.creds`.
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StartError, writeFileAtomic } from '../files.ts';
import { loadOrCreateAuthority } from '../nats/authority.ts';
import { credsFile, writeServiceCreds } from '../nats/credentials.ts';
import { natsConfiguration } from '../nats/nats-configuration.ts';
import { stackServices } from '../services/service-definitions.ts';

const directory = process.env['TOLLGATE_CREDENTIALS_DIR'];
if (!directory)
  throw new StartError('Set TOLLGATE_CREDENTIALS_DIR to the directory that shall hold keys and credentials.');
const listen = process.env['TOLLGATE_NATS_LISTEN'] ?? '0.0.0.0:4222';
const storeDir = process.env['TOLLGATE_NATS_STORE'] ?? '/data';

mkdirSync(directory, { recursive: true });
const authority = await loadOrCreateAuthority(join(directory, 'keys.json'));
writeFileAtomic(
  join(directory, 'nats.conf'),
  natsConfiguration({ listen, storeDir, authority }),
  // It holds public keys and signed documents, no secret.
  0o644,
);
const creds = join(directory, 'creds');
const names = stackServices.map(({ name }) => name);
await writeServiceCreds(creds, authority.accountKeys, names);
// The services run unprivileged and as another user than this program.
chmodSync(creds, 0o755);
for (const name of names) chmodSync(credsFile(creds, name), 0o644);
