import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { StackSecrets } from '@tollgate/contracts';
import type { DatabaseService } from '@tollgate/event-log';
import { readJson, writeFileAtomic } from '../files.ts';

/** The secrets file: what the CLI reads, and the passwords it is made of. */
interface SecretsFile extends Partial<StackSecrets> {
  postgresSuperuserPassword: string;
  servicePasswords: Record<DatabaseService, string>;
}

/**
 * Random passwords, made once per data directory and kept there with mode 0600.
 * @param superuserPassword that of a Postgres data directory which was not made here
 */
export function loadOrCreateSecrets(path: string, superuserPassword?: string): SecretsFile {
  const kept = readJson<SecretsFile>(path);
  if (kept) return kept;
  const password = () => randomBytes(24).toString('base64url');
  const secrets: SecretsFile = {
    postgresSuperuserPassword: superuserPassword ?? password(),
    servicePasswords: { 'token-command': password(), 'billing-meter': password(), 'audit-projector': password() },
  };
  saveSecrets(path, secrets);
  return secrets;
}

export function saveSecrets(path: string, secrets: SecretsFile): void {
  writeFileAtomic(path, `${JSON.stringify(secrets, null, 2)}\n`, 0o600);
}

/**
 * What Postgres stores of a password (RFC 5802, RFC 7677; `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`), accepted
 * wherever SQL takes a password. Sent instead of it, so that the password never stands in a statement that the server may log.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const key = (name: string) => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(key('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${key('Server Key').toString('base64')}`;
}
