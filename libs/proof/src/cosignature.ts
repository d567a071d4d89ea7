import { sign, verify } from 'node:crypto';
import type { SigningKey, VerifierKey } from './keys.ts';
import { mark, splitNote } from './note.ts';
import { ProofError } from './proof-error.ts';

/** Cosignatures of witnesses: https://c2sp.org/tlog-cosignature, `cosignature/v1`. */

const timestampBytes = 8;
const signatureBytes = 64;

/**
 * The line with which a witness says: at that time this was the largest tree of its origin that I know, and it goes on from
 * all that I have said before.
 * @param note the signed checkpoint; its signatures are not looked at
 */
export function cosign(note: string, key: SigningKey, unixSeconds: number): string {
  requireUse(key);
  const timestamp = Buffer.alloc(timestampBytes);
  timestamp.writeBigUInt64BE(BigInt(unixSeconds));
  const signature = sign(null, statement(splitNote(note).text, unixSeconds), key.privateKey);
  return `${mark}${key.name} ${Buffer.concat([key.id, timestamp, signature]).toString('base64')}\n`;
}

/** The note with one more line, which is not checked. */
export function withCosignature(note: string, line: string): string {
  return `${note}${line}`;
}

/**
 * When the witness has cosigned the note, in Unix seconds: the newest of its cosignatures; null when it has not.
 * @throws ProofError when a cosignature of it is wrong
 */
export function cosignedAt(note: string, key: VerifierKey): number | null {
  requireUse(key);
  const { text, signatures } = splitNote(note);
  const own = signatures.filter(({ name, id }) => name === key.name && id.equals(key.id));
  return own.length === 0 ? null : Math.max(...own.map(({ bytes }) => openOne(text, bytes, key)));
}

/**
 * The same of a note that must be cosigned.
 * @throws ProofError when it is not, or a cosignature of it is wrong
 */
export function openCosignature(note: string, key: VerifierKey): number {
  const unixSeconds = cosignedAt(note, key);
  if (unixSeconds === null) throw new ProofError(`The note is not cosigned by ${key.name}+${key.id.toString('hex')}.`);
  return unixSeconds;
}

function openOne(text: string, bytes: Buffer, key: VerifierKey): number {
  const unixSeconds = bytes.length === timestampBytes + signatureBytes ? Number(bytes.readBigUInt64BE()) : NaN;
  const right =
    Number.isSafeInteger(unixSeconds) &&
    verify(null, statement(text, unixSeconds), key.publicKey, bytes.subarray(timestampBytes));
  if (right) return unixSeconds;
  throw new ProofError(`The cosignature of ${key.name} does not belong to this note: one of them was altered.`);
}

function statement(text: string, unixSeconds: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${unixSeconds}\n${text}`);
}

function requireUse({ name, use }: VerifierKey): void {
  if (use !== 'cosignature') throw new ProofError(`${name} is the key of a log and not that of a witness.`);
}
