import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ProofError } from './proof-error.ts';

/**
 * What a key signs, as the byte in keys and key ids: notes (https://c2sp.org/signed-note) or, as a witness, timestamped
 * statements about checkpoints (https://c2sp.org/tlog-cosignature). Both are Ed25519.
 */
const algorithms = { note: 1, cosignature: 4 } as const;
export type KeyUse = keyof typeof algorithms;
const keyIdBytes = 4;
const publicKeyBytes = 32;
/** DER in front of the 32 bytes of an Ed25519 public key: SubjectPublicKeyInfo of RFC 8410. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** Checks signatures of one key under one name. */
export interface VerifierKey {
  readonly name: string;
  readonly use: KeyUse;
  /** The first 4 bytes of SHA-256(name || "\n" || algorithm || public key). */
  readonly id: Buffer;
  readonly publicKey: KeyObject;
}

export interface SigningKey extends VerifierKey {
  readonly privateKey: KeyObject;
}

/** A new Ed25519 private key as PKCS#8 PEM. */
export function generateSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
}

/**
 * @param pem a PKCS#8 Ed25519 private key
 * @param name of the key: no blanks and no plus sign
 * @throws ProofError when it is none; the message never quotes it
 */
export function readSigningKey(pem: string, name: string, use: KeyUse = 'note'): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    throw new ProofError('The signing key is no PEM private key.');
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new ProofError('The signing key is not an Ed25519 key.');
  const publicKey = createPublicKey(privateKey);
  return { ...verifierKey(name, rawOf(publicKey), use), privateKey };
}

/** A key as text, `name+id+key`, with which anybody can check what it signed: https://c2sp.org/signed-note */
export function formatVerifierKey({ name, use, id, publicKey }: VerifierKey): string {
  return `${name}+${id.toString('hex')}+${Buffer.of(algorithms[use], ...rawOf(publicKey)).toString('base64')}`;
}

/** @throws ProofError when the text is no such key, or its id belongs to another */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', id, key = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? [];
  const bytes = Buffer.from(key, 'base64');
  const use = (Object.keys(algorithms) as KeyUse[]).find((each) => algorithms[each] === bytes[0]);
  if (bytes.length !== publicKeyBytes + 1 || !use) {
    throw new ProofError('The key is not of the form name+id+key, as `tollgate audit public-key` prints it.');
  }
  const parsed = verifierKey(name, bytes.subarray(1), use);
  if (parsed.id.toString('hex') !== id)
    throw new ProofError('The id in the key does not belong to it: it was altered.');
  return parsed;
}

function verifierKey(name: string, raw: Uint8Array, use: KeyUse): VerifierKey {
  if (!/^[^\s+]+$/.test(name)) throw new ProofError('The name of a key has no blanks and no plus sign.');
  const id = createHash('sha256').update(`${name}\n`).update(Buffer.of(algorithms[use])).update(raw).digest();
  const publicKey = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' });
  return { name, use, id: id.subarray(0, keyIdBytes), publicKey };
}

function rawOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiPrefix.length);
}
