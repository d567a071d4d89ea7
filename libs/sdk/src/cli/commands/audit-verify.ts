import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  cosignedAt,
  ExportVerifier,
  openCheckpoint,
  parseVerifierKey,
  ProofError,
  WrongEntry,
  type Checkpoint,
  type Verdict,
  type VerifierKey,
} from '@tollgate/proof';
import { UsageError } from '../failures.ts';
import { complain, setStatus, write } from '../process.ts';

export interface VerifyOptions {
  readonly export: string;
  readonly checkpoint: string;
  readonly key: string;
  readonly held?: string;
  readonly witnessKey?: string;
  readonly json?: boolean;
}

const progressEvery = 20_000;

/**
 * `tollgate audit verify`: offline. Says what the export proves; exit status 1 names the first entry that is wrong, or says
 * which signature or checkpoint does not hold.
 */
export async function auditVerify(options: VerifyOptions): Promise<void> {
  try {
    const key = parseVerifierKey(textOf(options.key));
    const witness = options.witnessKey === undefined ? undefined : parseVerifierKey(textOf(options.witnessKey));
    const checkpoint = readNote(options.checkpoint, key, witness);
    const held = options.held === undefined ? undefined : readNote(options.held, key, witness);
    if (witness && !checkpoint.cosigned && !held?.cosigned) throw notCosigned(options.checkpoint, witness);
    const verdict = await readExport(options.export, new ExportVerifier(checkpoint, held));
    const vouchedTo = checkpoint.cosigned ? checkpoint.size : verdict.complete && held?.cosigned ? held.size : null;
    if (witness && vouchedTo === null) throw notCosigned(options.checkpoint, witness);
    if (options.json)
      write(JSON.stringify({ verified: true, ...verdict, ...described(checkpoint), cosigned: vouchedTo }));
    else write([sentence(verdict, checkpoint, held), ...cosignedSentence(vouchedTo, checkpoint, witness)].join('\n'));
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    const { line = null, index = null, id = null } = error instanceof WrongEntry ? error : {};
    if (options.json) write(JSON.stringify({ verified: false, line, index, id, reason: error.message }));
    else complain(error.message);
    setStatus(1);
  }
}

async function readExport(file: string, verifier: ExportVerifier): Promise<Verdict> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  // `crlfDelay`: a carriage return stays a part of its line, where it is white space of JSON.
  const lines = createInterface({ input, crlfDelay: Infinity });
  try {
    for await (const line of lines) {
      verifier.line(line);
      if (process.stderr.isTTY && verifier.lines % progressEvery === 0)
        process.stderr.write(`\r${verifier.lines} \u2026`);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code) throw unreadable(file, error);
    throw error;
  } finally {
    if (process.stderr.isTTY && verifier.lines >= progressEvery) process.stderr.write('\r');
  }
  return verifier.end();
}

interface Note extends Checkpoint {
  /** By the witness whose key was given. */
  readonly cosigned: boolean;
}

function readNote(file: string, key: VerifierKey, witness: VerifierKey | undefined): Note {
  try {
    const note = readFileSync(file, 'utf8');
    const cosigned = witness !== undefined && cosignedAt(note, witness) !== null;
    return { ...openCheckpoint(note, key), cosigned };
  } catch (error) {
    if (error instanceof ProofError) throw new ProofError(`${file}: ${error.message}`);
    throw unreadable(file, error);
  }
}

/** A witness looks once a second, and a log that grows has passed most sizes by then. */
function notCosigned(file: string, { name, id }: VerifierKey): ProofError {
  return new ProofError(
    `${file}: The note is not cosigned by ${name}+${id.toString('hex')}. A witness cosigns the newest checkpoint within seconds: ` +
      'hold one that it has cosigned (tollgate audit checkpoint), and give it as --held beside a whole export that is younger.',
  );
}

/** A key on the command line, or in a file. */
function textOf(key: string): string {
  if (key.includes('+')) return key;
  try {
    return readFileSync(key, 'utf8');
  } catch (error) {
    throw unreadable(key, error);
  }
}

function unreadable(file: string, cause: unknown): UsageError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new UsageError(`${file} cannot be read: ${code ?? message}.`, { cause });
}

const described = ({ origin, size, root }: Checkpoint) => ({ origin, size, root: root.toString('base64') });

function removedSentence(removed: number): string {
  if (removed === 0) return '';
  return ` Of ${removed} of them retention has removed the contents, as the log itself records: their hashes stand in the tree.`;
}

function cosignedSentence(vouchedTo: number | null, { size }: Checkpoint, witness: VerifierKey | undefined): string[] {
  if (!witness || vouchedTo === null) return [];
  const rest = vouchedTo < size ? `; what came after them, the log alone has signed` : '';
  return [`${witness.name} has cosigned the first ${vouchedTo} entries${rest}.`];
}

function sentence(
  { entries, removed, complete }: Verdict,
  { origin, size }: Checkpoint,
  held: Checkpoint | undefined,
): string {
  const what = complete
    ? `Verified: all ${entries} entries of ${origin}, complete, in order and unaltered.${removedSentence(removed)}`
    : `Verified: ${entries} entries of ${origin} stand unaltered in its log of ${size}. This export does not show that there are no others.`;
  if (!held)
    return `${what}\nWithout a checkpoint held elsewhere (--held) a log that was cut or rewritten and signed anew would look the same.`;
  return complete ? `${what} It goes on from the held checkpoint of ${held.size} entries.` : what;
}
