// Prepares a NATS server that somebody else runs: its configuration, and one user per service with just its permissions.
// TOLLGATE_CREDENTIALS_DIR gets `server/nats.conf` for the server, `creds/<service>/<service>.creds` for each service, and `keys/`, which
// make further users and are for nobody. Each is a directory of its own, so that each can be a volume of its own.
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

for (const part of ['keys', 'server', 'creds']) mkdirSync(join(directory, part), { recursive: true });
chmodSync(join(directory, 'keys'), 0o700);
const authority = await loadOrCreateAuthority(join(directory, 'keys', 'keys.json'));
writeFileAtomic(
  join(directory, 'server', 'nats.conf'),
  natsConfiguration({ listen, storeDir, authority }),
  // It holds public keys and signed documents, no secret.
  0o644,
);
for (const { name } of stackServices) {
  const own = join(directory, 'creds', name);
  await writeServiceCreds(own, authority.accountKeys, [name]);
  // The services run unprivileged and as another user than this program; each is given its own directory.
  chmodSync(own, 0o755);
  chmodSync(credsFile(own, name), 0o644);
}
