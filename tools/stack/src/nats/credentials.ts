import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { busPermissions, type ServiceName } from '@tollgate/contracts';
import { createUserCreds, type NatsAccountKeys } from '@tollgate/identity/nats-users';
import { writeFileAtomic } from '../files.ts';

/** The file with a service's NATS credentials. */
export function credsFile(directory: string, service: ServiceName): string {
  return join(directory, `${service}.creds`);
}

/**
 * Writes one `.creds` file (mode 0600) per service, with the permissions that this version gives it. Files of an earlier
 * start are replaced; a process that still holds their content may go on.
 */
export async function writeServiceCreds(
  directory: string,
  keys: NatsAccountKeys,
  services: readonly ServiceName[],
): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const service of services) {
    const creds = await createUserCreds(keys, service, busPermissions(service));
    writeFileAtomic(credsFile(directory, service), creds, 0o600);
  }
}
