import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { debianFile, onPath } from '../support/debian-file.ts';
import type { Check } from './checks.ts';

const run = promisify(execFile);
const model = fileURLToPath(new URL('revocation.pml', import.meta.url));
const longestMs = 240_000;

export interface Verdict {
  readonly ok: boolean;
  /** One line for people. */
  readonly line: string;
}

/** Spin of the PATH, or Debian's from the cache; throws with the reason when it or a C compiler is missing. */
export async function findSpin(): Promise<string> {
  if (!onPath('gcc')) throw new Error('there is no gcc on the PATH');
  return onPath('spin') ?? debianFile('spin', (path) => path === 'usr/bin/spin');
}

/** Searches every state of the model under these definitions. */
export async function runCheck(spin: string, { name, expect, defines }: Check): Promise<Verdict> {
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-spin-'));
  const startedMs = performance.now();
  try {
    const { errors, states, whole } = await search(spin, directory, defines);
    const ok = expect === 'clean' ? errors === 0 && whole : errors > 0;
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const found = whole || errors > 0 ? `errors=${errors} states=${states}` : 'the search was not completed';
    return { ok, line: `${ok ? 'ok ' : 'bad'}  ${name.padEnd(28)} expect=${expect.padEnd(14)} ${found} ${seconds} s` };
  } catch (error) {
    return { ok: false, line: `bad  ${name}: ${(error as Error).message.trim().split('\n').slice(0, 3).join(' | ')}` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function search(spin: string, directory: string, defines: readonly string[]) {
  mkdirSync(directory, { recursive: true });
  // Spin calls the C preprocessor, and an unpacked package is not on the PATH.
  const env = { ...process.env, PATH: `${dirname(spin)}${delimiter}${process.env['PATH'] ?? ''}` };
  const options = { cwd: directory, env, timeout: longestMs };
  await run(spin, ['-a', ...defines.map((define) => `-D${define}`), model], options);
  // SAFETY: assertions only. COLLAPSE: states are kept without loss, in less memory.
  const build = ['-O1', '-w', '-DSAFETY', '-DCOLLAPSE', '-DVECTORSZ=2048', '-o', 'pan', 'pan.c'];
  await run('gcc', build, options);
  const { stdout } = await run(join(directory, 'pan'), ['-m2000000', '-w22'], options);
  return {
    errors: Number(/errors: (\d+)/.exec(stdout)?.[1] ?? NaN),
    states: Number(/([\d.e+]+) states, stored/.exec(stdout)?.[1] ?? NaN),
    whole: !/Search not completed|max search depth too small/.test(stdout),
  };
}
