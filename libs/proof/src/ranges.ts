import { nodeHash } from './hashes.ts';

/** The leaves `begin` to `end` - 1 under one node of the tree. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** A node over 2^level leaves, the first of which is `index` * 2^level. Its hash never changes once its leaves are there. */
export interface NodePlace {
  readonly level: number;
  readonly index: number;
}

/** Gives the hash of a node over a power of two of leaves. */
export type NodeLookup = (place: NodePlace) => Uint8Array;

/** The largest power of two below `count`, which is where RFC 6962 splits a tree of `count` leaves. `count` is at least 2. */
export function splitOf(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** The nodes over powers of two that make up a range, from left to right: the ones bits of its length. */
export function nodesOf({ begin, end }: Range): NodePlace[] {
  const nodes: NodePlace[] = [];
  let [level, power] = [0, 1];
  while (power * 2 <= end - begin) [level, power] = [level + 1, power * 2];
  for (let at = begin; at < end; [level, power] = [level - 1, power / 2]) {
    if (power > end - at) continue;
    nodes.push({ level, index: at / power });
    at += power;
  }
  return nodes;
}

/** The hash of the node over a range that is not empty. */
export function hashOfRange(range: Range, lookup: NodeLookup): Buffer {
  return joined(nodesOf(range).map(lookup));
}

/** The hash over neighbouring subtrees of falling sizes, as RFC 6962 joins them: the last two first. */
export function joined(hashes: readonly Uint8Array[]): Buffer {
  const [last, ...others] = hashes.toReversed();
  if (!last) throw new RangeError('there is nothing to join');
  return others.reduce<Buffer>((right, left) => nodeHash(left, right), Buffer.from(last));
}
