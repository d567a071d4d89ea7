import { createPublicKey, type KeyObject } from 'node:crypto';
import { TollgateError } from '@tollgate/contracts';
import { CompactEncrypt } from 'jose';

/**
 * Encrypts a secret to an agent's public key: a JWE in compact form (RFC 7516) with A256GCM, the key wrapped by
 * ECDH-ES+A256KW for EC and X25519 keys or RSA-OAEP-256 for RSA keys from 2048 bits (RFC 7518).
 * @throws TollgateError PUBLIC_KEY_UNUSABLE
 */
export async function seal(secret: string, publicKey: string): Promise<string> {
  const key = usableKey(publicKey);
  const alg = key.asymmetricKeyType === 'rsa' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW';
  return new CompactEncrypt(new TextEncoder().encode(secret)).setProtectedHeader({ alg, enc: 'A256GCM' }).encrypt(key);
}

/** The key in a JWK's JSON text or a PEM, if a secret can be sealed to it. Throws PUBLIC_KEY_UNUSABLE. */
export function usableKey(publicKey: string): KeyObject {
  let key: KeyObject;
  try {
    key = publicKey.trimStart().startsWith('{')
      ? createPublicKey({ key: JSON.parse(publicKey) as Record<string, string>, format: 'jwk' })
      : createPublicKey(publicKey);
  } catch {
    throw unusable('It is neither a public JWK as JSON text nor a PEM.');
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return key;
  if (type === 'x25519') return key;
  if (type === 'ec' && ['prime256v1', 'secp384r1', 'secp521r1'].includes(details?.namedCurve ?? '')) return key;
  throw unusable('Use EC P-256, P-384 or P-521, X25519, or RSA from 2048 bits.');
}

const unusable = (why: string) =>
  new TollgateError('PUBLIC_KEY_UNUSABLE', `The public key cannot be used to seal a secret. ${why}`, [
    { path: 'publicKey', message: 'cannot be used to seal a secret' },
  ]);
