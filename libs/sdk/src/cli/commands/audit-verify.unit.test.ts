import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  cosign,
  formatVerifierKey,
  generateSigningKey,
  readSigningKey,
  signCheckpoint,
  withCosignature,
} from '@tollgate/proof';
import { exported, recordOf } from '@tollgate/proof/testing';
import { run } from '../main.ts';

const org = 'org_1';
const key = readSigningKey(generateSigningKey(), 'tollgate-audit');
const stranger = readSigningKey(generateSigningKey(), 'tollgate-audit');
const size = 40;
const tree = exported(Array.from({ length: size }, (_, index) => recordOf(index, org)));
const lines = tree.all();

let directory: string;
let printed = '';
let files = 0;

const file = (content: string): string => {
  const path = join(directory, `file-${++files}`);
  writeFileSync(path, content);
  return path;
};
const note = (at: number, signer = key, root = tree.rootAt(at)) =>
  file(signCheckpoint({ origin: `tollgate-audit/${org}`, size: at, root }, signer));
const text = (all: readonly string[]) => file(all.map((line) => `${line}\n`).join(''));

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tollgate-verify-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
  printed = '';
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((some) => {
      printed += String(some);
      return true;
    });
});
afterEach(() => void jest.restoreAllMocks());

/** The exit status is kept by the process, so a refusal is told by what is printed here. */
async function verify(
  all: readonly string[],
  more: { checkpoint?: string; held?: string; key?: string; witnessKey?: string } = {},
) {
  const args = [
    '--export',
    text(all),
    '--checkpoint',
    more.checkpoint ?? note(size),
    '--key',
    more.key ?? formatVerifierKey(key),
  ];
  const status = await run([
    'audit',
    'verify',
    ...args,
    ...(more.held ? ['--held', more.held] : []),
    ...(more.witnessKey ? ['--witness-key', more.witnessKey] : []),
  ]);
  return { status, printed };
}

describe('tollgate audit verify', () => {
  it('says what an export proves, and what it does not', async () => {
    expect(await verify(lines)).toEqual({
      status: 0,
      printed: expect.stringMatching(
        /Verified: all 40 entries of tollgate-audit\/org_1, .*\nWithout a checkpoint held elsewhere/,
      ),
    });
    expect((await verify(lines, { held: note(20) })).printed).toContain(
      'goes on from the held checkpoint of 20 entries',
    );
    expect((await verify(tree.some([3, 9]))).printed).toContain('does not show that there are no others');
    expect((await verify(lines, { key: file(`${formatVerifierKey(key)}\n`) })).printed).toContain('Verified');
  });

  it('demands the cosignature of a witness when its key is given', async () => {
    const witness = readSigningKey(generateSigningKey(), 'tollgate-witness', 'cosignature');
    const witnessKey = formatVerifierKey(witness);
    const plain = signCheckpoint({ origin: `tollgate-audit/${org}`, size, root: tree.rootAt(size) }, key);
    const cosigned = file(withCosignature(plain, cosign(plain, witness, 1)));
    expect((await verify(lines, { checkpoint: cosigned })).printed).toContain('Verified: all 40');
    expect((await verify(lines, { checkpoint: cosigned, witnessKey })).printed).toContain('Verified: all 40');
    expect((await verify(lines, { checkpoint: file(plain), witnessKey })).printed).toContain('is not cosigned by');
  });

  it('is content with a held checkpoint that the witness has cosigned, for as far as that goes', async () => {
    const witness = readSigningKey(generateSigningKey(), 'tollgate-witness', 'cosignature');
    const witnessKey = formatVerifierKey(witness);
    const older = signCheckpoint({ origin: `tollgate-audit/${org}`, size: 20, root: tree.rootAt(20) }, key);
    const held = file(withCosignature(older, cosign(older, witness, 1)));
    expect((await verify(lines, { held, witnessKey })).printed).toContain(
      'tollgate-witness has cosigned the first 20 entries; what came after them, the log alone has signed.',
    );
    // Of a part of the entries a held checkpoint shows nothing.
    expect((await verify(tree.some([3, 9]), { held, witnessKey })).printed).toContain('is not cosigned by');
    const wrong = file(
      withCosignature(older, cosign(signCheckpoint({ origin: 'x', size: 1, root: tree.rootAt(1) }, key), witness, 1)),
    );
    expect((await verify(lines, { held: wrong, witnessKey })).printed).toContain('was altered');
  });

  it('takes nothing of a wrong key, an altered note or a file that is not there', async () => {
    expect((await verify(lines, { checkpoint: note(size, stranger) })).printed).toContain(
      'is signed by tollgate-audit+',
    );
    const altered = file(`x${signCheckpoint({ origin: `tollgate-audit/${org}`, size, root: tree.rootAt(size) }, key)}`);
    expect((await verify(lines, { checkpoint: altered })).printed).toContain('one of them was altered');
    expect(await verify(lines, { checkpoint: '/nowhere' })).toEqual({
      status: 2,
      printed: expect.stringContaining('ENOENT'),
    });
    expect((await verify(lines, { key: 'a+b+c' })).printed).toContain('not of the form name+id+key');
  });

  it('ends with status 1 and names the first wrong entry', async () => {
    const flipped = (lines[12] as string).replace('token.created', 'token.greated');
    expect(await verify(lines.with(12, flipped))).toEqual({
      status: 1,
      printed: expect.stringMatching(/^Line 13, entry aud_0+12 \(index 12\), is wrong: /),
    });
    expect((await verify(lines.toSpliced(7, 1))).printed).toContain('stands where the entry of index 7 belongs');
    expect((await verify(lines.slice(0, 30))).printed).toContain('the first one that is missing has index 30');
    expect((await verify([])).printed).toMatch(/that is missing has index 0\. If it has a filter that nothing matches/);
    const cut = { checkpoint: note(30), held: note(35) };
    expect((await verify(tree.all(30), cut)).printed).toContain('The log was cut');
    const fork = exported(Array.from({ length: size }, (_, at) => recordOf(at, org, at === 4 ? { reason: 'x' } : {})));
    const forked = { checkpoint: note(size, key, fork.rootAt(size)), held: note(20) };
    expect((await verify(fork.all(), forked)).printed).toContain('The log was forked');
  });
});
