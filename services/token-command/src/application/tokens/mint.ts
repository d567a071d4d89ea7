import { randomBytes } from 'node:crypto';
import type { Environment } from '@tollgate/contracts';
import { digestSecret, hintOf, mintSecret, prefixOf } from '@tollgate/credential';
import type { Credential } from '../../domain/token.ts';

/** A new secret from the system's CSPRNG and what the log may know of it. The secret leaves in the answer and nowhere else. */
export function mint(format: { prefix: string; environment: Environment | null }): {
  secret: string;
  credential: Credential;
} {
  const secret = mintSecret({ ...format, randomBytes: randomBytes(32) });
  return { secret, credential: { digest: digestSecret(secret), hint: hintOf(secret), prefix: prefixOf(secret) } };
}
