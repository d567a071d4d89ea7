import { createHash, randomBytes } from 'node:crypto';
import type { CallContext } from '@tollgate/bus';
import canonicalize from 'canonicalize';

/**
 * Binds an event to the request context that lies in an erasable row: base64 SHA-256 over the salt's bytes and the
 * canonical JSON (RFC 8785) of `{ip, userAgent}`. With the row gone, nothing about the person can be guessed from it.
 * null when no outside request stands behind the call.
 */
export function commitToRequest({
  ip,
  userAgent,
}: Pick<CallContext, 'ip' | 'userAgent'>): { commitment: string; salt: string } | null {
  if (ip === null && userAgent === null) return null;
  const salt = randomBytes(16);
  const commitment = createHash('sha256')
    .update(salt)
    .update(canonicalize({ ip, userAgent }) ?? '')
    .digest('base64');
  return { commitment, salt: salt.toString('base64') };
}
