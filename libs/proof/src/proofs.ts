import { nodeHash, sameHash } from './hashes.ts';
import { splitOf, type Range } from './ranges.ts';

/**
 * The nodes whose hashes prove that a leaf stands at `index` in a tree of `size` leaves, from the leaf's neighbour up:
 * the audit path of RFC 6962 section 2.1.1.
 */
export function inclusionRanges(index: number, size: number): Range[] {
  requireWithin(index, 0, size - 1, 'index');
  const path = (begin: number, end: number): Range[] => {
    if (end - begin === 1) return [];
    const middle = begin + splitOf(end - begin);
    return index < middle
      ? [...path(begin, middle), { begin: middle, end }]
      : [...path(middle, end), { begin, end: middle }];
  };
  return path(0, size);
}

/**
 * The nodes whose hashes prove that the tree of `from` leaves is the beginning of the tree of `to` leaves: RFC 6962
 * section 2.1.2. None when both are the same tree.
 */
export function consistencyRanges(from: number, to: number): Range[] {
  requireWithin(from, 1, to, 'from');
  const subproof = (begin: number, end: number, known: boolean): Range[] => {
    if (from === end) return known ? [] : [{ begin, end }];
    const middle = begin + splitOf(end - begin);
    return from <= middle
      ? [...subproof(begin, middle, known), { begin: middle, end }]
      : [...subproof(middle, end, false), { begin, end: middle }];
  };
  return subproof(0, to, true);
}

/**
 * The right-hand neighbours of all subtrees that begin at a leaf, the widest first. A reader who has checked every leaf
 * before this one needs them, and nothing else, to check this one against the root (`TreeReader`).
 */
export function siblingRanges(index: number, size: number): Range[] {
  requireWithin(index, 0, size - 1, 'index');
  let [begin, end] = [0, size];
  const ranges: Range[] = [];
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    if (index >= middle) begin = middle;
    else {
      if (begin === index) ranges.push({ begin: middle, end });
      end = middle;
    }
  }
  return ranges;
}

/** Whether `path` proves that the leaf stands at `index` in the tree of that size and root: RFC 9162 section 2.1.3.2. */
export function verifyInclusion(proof: {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}): boolean {
  const { leaf, index, size, path, root } = proof;
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  let [at, last] = [index, size - 1];
  let hash: Buffer = Buffer.from(leaf);
  for (const sibling of path) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && sameHash(hash, root);
}

/** Whether `path` proves that the first tree is the beginning of the second: RFC 9162 section 2.1.4.2. */
export function verifyConsistency(proof: {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}): boolean {
  const { from, to, fromRoot, toRoot, path } = proof;
  if (!isCount(from) || !isCount(to) || from < 1 || from > to) return false;
  if (from === to) return path.length === 0 && sameHash(fromRoot, toRoot);
  // The whole first tree is a node of the second one then, and needs no hash of its own in the path.
  const [first, ...rest] = isPowerOfTwo(from) ? [fromRoot, ...path] : path;
  if (!first || path.length === 0) return false;
  let [at, last] = [from - 1, to - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  let fromHash: Buffer = Buffer.from(first);
  let toHash: Buffer = Buffer.from(first);
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      fromHash = nodeHash(sibling, fromHash);
      toHash = nodeHash(sibling, toHash);
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      toHash = nodeHash(toHash, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && sameHash(fromHash, fromRoot) && sameHash(toHash, toRoot);
}

// Positions go beyond 32 bits, which the operators on bits would cut.
const isOdd = (value: number) => value % 2 === 1;
const half = (value: number) => Math.floor(value / 2);
const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;

function isPowerOfTwo(value: number): boolean {
  let power = 1;
  while (power < value) power *= 2;
  return power === value;
}

function requireWithin(value: number, least: number, most: number, name: string): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}`);
}
