import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import {
  consistencyRanges,
  Frontier,
  hashOfRange,
  inclusionRanges,
  leafHash,
  recordHash,
  rootOf,
  type NodePlace,
  type Range,
} from '@tollgate/proof';
import { exported, recordOf } from '@tollgate/proof/testing';

const script = new URL('second_verifier.py', import.meta.url).pathname;

/** Answers null when there is no Python, which a machine need not have to run the other tests. */
function python(args: readonly string[], input: string): string | null {
  try {
    return execFileSync('python3', [script, ...args], { input, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    process.stderr.write('skipped: the second verifier needs python3\n');
    return null;
  }
}

const leavesMax = 256;
const leaves = Array.from({ length: leavesMax }, (_, index) => Buffer.from(`leaf ${index}`));

/** All roots and proofs of the trees of 1 to 256 leaves, as ours makes them. */
function allProofs(): string[] {
  const nodes = new Map<string, Buffer>();
  const tree = new Frontier();
  const lookup = ({ level, index }: NodePlace) => nodes.get(`${level}/${index}`) as Buffer;
  const hex = (ranges: Range[]) => ranges.map((range) => hashOfRange(range, lookup).toString('hex'));
  return leaves.map((leaf, last) => {
    const size = last + 1;
    tree.append(leafHash(leaf)).forEach((hash, level) => nodes.set(`${level}/${size / 2 ** level - 1}`, hash));
    return JSON.stringify({
      leaves: leaves.slice(0, size).map((data) => data.toString('hex')),
      size,
      root: tree.root().toString('hex'),
      inclusion: Array.from({ length: size }, (_, index) => hex(inclusionRanges(index, size))),
      consistency: Array.from({ length: size }, (_, older) => hex(consistencyRanges(older + 1, size))),
    });
  });
}

describe('a second verifier, in Python', () => {
  it('agrees on all roots and proofs of trees up to 256 leaves', () => {
    const proofs = allProofs();
    const answer = python(['trees'], `${proofs.join('\n')}\n`);
    if (answer !== null) expect(Number(answer)).toBe(leavesMax * (leavesMax + 1));
  });

  it('finds a hash that is wrong', () => {
    const proofs = allProofs().slice(0, 20);
    const wrong = proofs.at(-1)!.replace(/"inclusion":\[\["../, (start) => `${start.slice(0, -2)}00`);
    if (python(['trees'], `${proofs.join('\n')}\n`) === null) return;
    expect(() => python(['trees'], wrong)).toThrow('differs: the inclusion proof of leaf 0 of 20');
  });

  it('finds the same root for an export', () => {
    const records = Array.from({ length: 37 }, (_, index) => recordOf(index, 'org_1'));
    const root = rootOf(records.map(recordHash)).toString('base64');
    const answer = python(['export', root], `${exported(records).all().join('\n')}\n`);
    if (answer !== null) expect(answer).toBe('37');
  });
});
