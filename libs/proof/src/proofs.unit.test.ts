import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Frontier, rootOf } from './frontier.ts';
import { emptyRoot, leafHash } from './hashes.ts';
import { consistencyRanges, inclusionRanges, siblingRanges, verifyConsistency, verifyInclusion } from './proofs.ts';
import { hashOfRange, type NodePlace, type Range } from './ranges.ts';
import { TreeReader } from './tree-reader.ts';

/** The leaves of the tests of Certificate Transparency (RFC 6962): google/certificate-transparency, merkle_tree_test.cc. */
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (hex) => Buffer.from(hex, 'hex'),
);
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** A tree as it is stored: the complete subtrees by their places. */
function grow(data: readonly Uint8Array[]) {
  const stored = new Map<string, Buffer>();
  const tree = new Frontier();
  const sizes = [tree.root()];
  for (const [index, leaf] of data.entries()) {
    tree.append(leafHash(leaf)).forEach((hash, level) => stored.set(`${level}/${(index + 1) / 2 ** level - 1}`, hash));
    sizes.push(tree.root());
  }
  const lookup = ({ level, index }: NodePlace) => stored.get(`${level}/${index}`) as Buffer;
  return {
    leaf: (index: number) => lookup({ level: 0, index }),
    rootAt: (size: number) => sizes[size] as Buffer,
    hashes: (ranges: readonly Range[]) => ranges.map((range) => hashOfRange(range, lookup)),
    tree,
  };
}

const tampered = (hash: Uint8Array): Buffer => Buffer.from(hash.map((byte, index) => (index === 7 ? byte ^ 1 : byte)));

const trees = fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 300 });
const places = fc.tuple(trees, fc.nat(), fc.nat()).map(([data, one, other]) => {
  const size = 1 + (one % data.length);
  return { data, size, index: other % size };
});

describe('the tree', () => {
  it('has the roots of the test vectors', () => {
    expect(emptyRoot().toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    const { rootAt } = grow(leaves);
    expect(roots.map((_, index) => rootAt(index + 1).toString('hex'))).toEqual(roots);
    expect(rootOf(leaves.map(leafHash)).toString('hex')).toBe(roots[7]);
  });

  it('has the audit paths of the test vectors', () => {
    const { hashes } = grow(leaves);
    const path = (index: number, size: number) =>
      hashes(inclusionRanges(index, size)).map((hash) => hash.toString('hex'));
    expect(path(0, 1)).toEqual([]);
    expect(path(0, 8)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(path(2, 3)).toEqual(['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']);
    expect(path(1, 5)).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
  });

  it('has the consistency proofs of the test vectors', () => {
    const { hashes } = grow(leaves);
    const path = (from: number, to: number) => hashes(consistencyRanges(from, to)).map((hash) => hash.toString('hex'));
    expect(path(1, 1)).toEqual([]);
    expect(path(6, 8)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(path(2, 5)).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
  });

  it('goes on from its frontier alone', () => {
    fc.assert(
      fc.property(trees, fc.nat(), (data, cut) => {
        const before = grow(data.slice(0, cut % data.length)).tree;
        const again = new Frontier(before.size, before.hashes);
        for (const leaf of data.slice(before.size)) again.append(leafHash(leaf));
        expect(again.root()).toEqual(grow(data).tree.root());
      }),
    );
    expect(() => new Frontier(3, [emptyRoot()])).toThrow('a tree of 3 leaves has another frontier');
  });
});

describe('an inclusion proof', () => {
  it('holds for its leaf, index, size and root, and for no other', () => {
    fc.assert(
      fc.property(places, fc.nat(), ({ data, size, index }, which) => {
        const { leaf, hashes, rootAt } = grow(data);
        const path = hashes(inclusionRanges(index, size));
        const proof = { leaf: leaf(index), index, size, path, root: rootAt(size) };
        expect(verifyInclusion(proof)).toBe(true);
        expect(verifyInclusion({ ...proof, leaf: tampered(proof.leaf) })).toBe(false);
        expect(verifyInclusion({ ...proof, root: tampered(proof.root) })).toBe(false);
        expect(verifyInclusion({ ...proof, path: [...path, proof.root] })).toBe(false);
        expect(verifyInclusion({ ...proof, index: size })).toBe(false);
        if (path.length === 0) return;
        const wrong = path.with(which % path.length, tampered(path[which % path.length] as Buffer));
        expect(verifyInclusion({ ...proof, path: wrong })).toBe(false);
        expect(verifyInclusion({ ...proof, path: path.slice(1) })).toBe(false);
      }),
    );
  });

  it('is asked for with an index of the tree', () => {
    expect(() => inclusionRanges(3, 3)).toThrow('index must be a whole number from 0 to 2');
  });

  it('stays short for trees beyond 32 bits', () => {
    const ranges = inclusionRanges(2 ** 40 + 5, 2 ** 41 + 3);
    expect(ranges.length).toBe(42);
    expect(ranges.every(({ begin, end }) => Number.isSafeInteger(begin) && end > begin)).toBe(true);
  });
});

describe('a consistency proof', () => {
  it('holds between two sizes of one tree, and not after a change of what the first one had', () => {
    fc.assert(
      fc.property(places, fc.nat(), ({ data, size: to, index }, which) => {
        const from = index + 1;
        const { hashes, rootAt } = grow(data);
        const path = hashes(consistencyRanges(from, to));
        const proof = { from, to, fromRoot: rootAt(from), toRoot: rootAt(to), path };
        expect(verifyConsistency(proof)).toBe(true);
        expect(verifyConsistency({ ...proof, fromRoot: tampered(proof.fromRoot) })).toBe(false);
        expect(verifyConsistency({ ...proof, toRoot: tampered(proof.toRoot) })).toBe(false);
        expect(verifyConsistency({ ...proof, path: [...path, proof.toRoot] })).toBe(false);
        expect(verifyConsistency({ ...proof, from: to + 1 })).toBe(false);
        if (path.length === 0) return;
        const wrong = path.with(which % path.length, tampered(path[which % path.length] as Buffer));
        expect(verifyConsistency({ ...proof, path: wrong })).toBe(false);
        expect(verifyConsistency({ ...proof, path: [] })).toBe(false);
      }),
    );
  });
});

describe('reading a tree leaf by leaf', () => {
  it('ends complete when nothing was changed, with one hash per leaf but the last', () => {
    fc.assert(
      fc.property(places, ({ data, size }) => {
        const { leaf, hashes, rootAt } = grow(data);
        const reader = new TreeReader(size, rootAt(size));
        let given = 0;
        for (let index = 0; index < size; index++) {
          const siblings = hashes(siblingRanges(index, size));
          given += siblings.length;
          expect(reader.next(leaf(index), siblings)).toBe(true);
        }
        expect([reader.complete, given]).toEqual([true, size - 1]);
        expect(reader.next(leaf(0), [])).toBe(false);
      }),
    );
  });

  it('stops at the very leaf that was changed, be it the leaf or its siblings', () => {
    fc.assert(
      fc.property(places, fc.boolean(), ({ data, size, index: wrong }, inSiblings) => {
        const { leaf, hashes, rootAt } = grow(data);
        const reader = new TreeReader(size, rootAt(size));
        for (let index = 0; index <= wrong; index++) {
          const siblings = hashes(siblingRanges(index, size));
          if (index < wrong) expect(reader.next(leaf(index), siblings)).toBe(true);
          else if (inSiblings && siblings.length > 0)
            expect(reader.next(leaf(index), siblings.with(0, tampered(siblings[0] as Buffer)))).toBe(false);
          else expect(reader.next(tampered(leaf(index)), siblings)).toBe(false);
        }
        expect(reader.index).toBe(wrong);
      }),
    );
  });
});
