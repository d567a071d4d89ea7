import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { ProofError } from './proof-error.ts';

/** The algorithm byte of Ed25519 in keys and key ids: https://c2sp.org/signed-note */
const ed25519 = 1;
const keyIdBytes = 4;
const publicKeyBytes = 32;
/** DER in front of the 32 bytes of an Ed25519 public key: SubjectPublicKeyInfo of RFC 8410. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** Checks signatures of one key under one name. */
export interface VerifierKey {
  readonly name: string;
  /** The first 4 bytes of SHA-256(name || "\n" || 0x01 || public key). */
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
export function readSigningKey(pem: string, name: string): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    throw new ProofError('The signing key is no PEM private key.');
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new ProofError('The signing key is not an Ed25519 key.');
  const publicKey = createPublicKey(privateKey);
  return { ...verifierKey(name, rawOf(publicKey)), privateKey };
}

/** A key as text, `name+id+key`, with which anybody can check what it signed: https://c2sp.org/signed-note */
export function formatVerifierKey({ name, id, publicKey }: VerifierKey): string {
  return `${name}+${id.toString('hex')}+${Buffer.of(ed25519, ...rawOf(publicKey)).toString('base64')}`;
}

/** @throws ProofError when the text is no such key, or its id belongs to another */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', id, key = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? [];
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== publicKeyBytes + 1 || bytes[0] !== ed25519) {
    throw new ProofError('The key is not of the form name+id+key, as `tollgate audit public-key` prints it.');
  }
  const parsed = verifierKey(name, bytes.subarray(1));
  if (parsed.id.toString('hex') !== id)
    throw new ProofError('The id in the key does not belong to it: it was altered.');
  return parsed;
}

function verifierKey(name: string, raw: Uint8Array): VerifierKey {
  if (!/^[^\s+]+$/.test(name)) throw new ProofError('The name of a key has no blanks and no plus sign.');
  const id = createHash('sha256').update(`${name}\n`).update(Buffer.of(ed25519)).update(raw).digest();
  const publicKey = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' });
  return { name, id: id.subarray(0, keyIdBytes), publicKey };
}

function rawOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiPrefix.length);
}
