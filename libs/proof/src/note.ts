import { sign, verify } from 'node:crypto';
import type { SigningKey, VerifierKey } from './keys.ts';
import { ProofError } from './proof-error.ts';

/** Signed notes: https://c2sp.org/signed-note */

const idBytes = 4;
/** What a note begins its signature lines with: an em dash and a blank. */
export const mark = '\u2014 ';
const signaturesMax = 100;

export interface Signature {
  readonly name: string;
  readonly id: Buffer;
  readonly bytes: Buffer;
}

/** The text with a blank line and one signature below it. The text ends with a line break. Ed25519: always the same bytes. */
export function signNote(text: string, key: SigningKey): string {
  if (!isText(text)) throw new ProofError('The text of a note ends with a line break and has no control characters.');
  const signature = Buffer.concat([key.id, sign(null, Buffer.from(text), key.privateKey)]);
  return `${text}\n${mark}${key.name} ${signature.toString('base64')}\n`;
}

/**
 * The text of a note that the key has signed. Signatures of other keys are passed over.
 * @throws ProofError when it is no signed note, the key has not signed it, or its signature is wrong
 */
export function openNote(note: string, key: VerifierKey): string {
  const { text, signatures } = splitNote(note);
  const own = signatures.filter(({ name, id }) => name === key.name && id.equals(key.id));
  if (own.length === 0) {
    const names = [...new Set(signatures.map(({ name, id }) => `${name}+${id.toString('hex')}`))].join(', ');
    throw new ProofError(`The note is signed by ${names} and not by ${key.name}+${key.id.toString('hex')}.`);
  }
  if (own.some(({ bytes }) => !verify(null, Buffer.from(text), key.publicKey, bytes))) {
    throw new ProofError(`The signature of ${key.name} does not belong to this note: one of them was altered.`);
  }
  return text;
}

/** The text and the signatures of a note, none of them checked yet. @throws ProofError */
export function splitNote(note: string): { text: string; signatures: Signature[] } {
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2).split('\n');
  const signatures = lines.slice(0, -1).map(readSignature);
  const complete = lines.at(-1) === '' && signatures.length > 0 && signatures.length <= signaturesMax;
  if (end < 0 || !complete || !isText(text)) throw new ProofError('This is not a signed note.');
  return { text, signatures };
}

function readSignature(line: string): Signature {
  const [, name = '', base64 = ''] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length <= idBytes)
    throw new ProofError('A signature line of the note is not of the form "\u2014 name base64".');
  return { name, id: bytes.subarray(0, idBytes), bytes: bytes.subarray(idBytes) };
}

function isText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- these are the characters that notes must not have
  return text.endsWith('\n') && text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}
