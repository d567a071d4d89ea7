import { createWriteStream } from 'node:fs';
import { Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CommandFailure, UsageError } from './failures.ts';
import { complain } from './process.ts';

const progressEveryMs = 1_000;
const newline = 10;

/**
 * Writes the body of a response as it comes, to a file or to stdout, no faster than that takes it. Progress goes to stderr
 * if that is a terminal and the output is not.
 * @returns the lines that were written
 * @throws CommandFailure when the body breaks off: what was written is not the whole
 */
export async function writeBody(response: Response, file: string | undefined): Promise<number> {
  const counter = new LineCounter();
  const shown = process.stderr.isTTY && (file !== undefined || !process.stdout.isTTY);
  const progress = shown
    ? setInterval(() => process.stderr.write(`\r${describe(counter)} \u2026`), progressEveryMs)
    : undefined;
  try {
    await pipeline(Readable.fromWeb(response.body as never), counter, outputOf(file), { end: file !== undefined });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Whoever reads stdout has seen enough (`| head`).
    if (code === 'EPIPE' && file === undefined) return counter.lines;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
      throw new UsageError(`${file} cannot be written: ${code}.`);
    throw new CommandFailure(`The answer broke off after ${describe(counter)}: what was written is not the whole.`);
  } finally {
    clearInterval(progress);
    if (shown) complain(`\r${describe(counter)}  `);
  }
  return counter.lines;
}

function outputOf(file: string | undefined): Writable {
  return file === undefined ? process.stdout : createWriteStream(file);
}

const describe = ({ lines, bytes }: LineCounter) => `${lines} lines, ${(bytes / 1e6).toFixed(1)} MB`;

class LineCounter extends Transform {
  lines = 0;
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) this.lines++;
    done(null, chunk);
  }
}
