import { hashBytes } from './hashes.ts';
import type { SigningKey, VerifierKey } from './keys.ts';
import { openNote, signNote } from './note.ts';
import { ProofError } from './proof-error.ts';

/** The state of one tree at one size: https://c2sp.org/tlog-checkpoint */
export interface Checkpoint {
  /** Names the tree for ever, in one line. */
  readonly origin: string;
  /** Leaves. */
  readonly size: number;
  readonly root: Buffer;
}

/** Three lines: origin, size, root in base64. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Lines after the third are extensions and are passed over. @throws ProofError */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, end] = text.split('\n');
  const bytes = Buffer.from(root ?? '', 'base64');
  const wellFormed = origin && /^(0|[1-9]\d{0,15})$/.test(size ?? '') && Number.isSafeInteger(Number(size));
  if (!wellFormed || bytes.length !== hashBytes || bytes.toString('base64') !== root || end === undefined) {
    throw new ProofError('The note holds no checkpoint: origin, size and root, a line each.');
  }
  return { origin, size: Number(size), root: bytes };
}

export function signCheckpoint(checkpoint: Checkpoint, key: SigningKey): string {
  return signNote(formatCheckpoint(checkpoint), key);
}

/** @throws ProofError when the note is not signed by the key, or holds no checkpoint */
export function openCheckpoint(note: string, key: VerifierKey): Checkpoint {
  return parseCheckpoint(openNote(note, key));
}
