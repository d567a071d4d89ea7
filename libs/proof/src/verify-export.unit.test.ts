import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openCheckpoint, signCheckpoint, type Checkpoint } from './checkpoint.ts';
import { generateSigningKey, readSigningKey } from './keys.ts';
import type { ProvenRecord } from './record.ts';
import { exported, recordOf } from './testing/exported.ts';
import { ExportVerifier, WrongEntry, type Verdict } from './verify-export.ts';

const org = 'org_1';
const origin = `tollgate-audit/${org}`;
const log = (count: number): ProvenRecord[] => Array.from({ length: count }, (_, index) => recordOf(index, org));

function verify(lines: readonly string[], checkpoint: Checkpoint, held?: Checkpoint): Verdict {
  const verifier = new ExportVerifier(checkpoint, held);
  for (const line of lines) verifier.line(line);
  return verifier.end();
}

/** The place of the first wrong entry that the verifier names. */
function wrong(lines: readonly string[], checkpoint: Checkpoint, held?: Checkpoint) {
  try {
    verify(lines, checkpoint, held);
  } catch (error) {
    if (error instanceof WrongEntry) return { line: error.line, index: error.index, message: error.message };
    throw error;
  }
  return null;
}

const edited = (line: string, change: (entry: any) => void) => {
  const entry = JSON.parse(line);
  change(entry);
  return JSON.stringify(entry);
};

describe('an export of everything', () => {
  const tree = exported(log(50));
  const checkpoint = { origin, size: 50, root: tree.rootAt(50) };
  const lines = tree.all();

  it('is complete, in order and unaltered', () => {
    expect(verify(lines, checkpoint)).toEqual({ entries: 50, removed: 0, complete: true });
    expect(verify(lines, checkpoint, { origin, size: 20, root: tree.rootAt(20) }).complete).toBe(true);
  });

  it('does not depend on the order of fields, nor on names, IP address and user agent', () => {
    const other = edited(lines[3] as string, (entry) => {
      entry.actor = { name: 'Ada', id: entry.actor.id, type: entry.actor.type };
      entry.context.ip = '192.0.2.1';
    });
    expect(verify(lines.with(3, other), checkpoint).entries).toBe(50);
  });

  it.each<[string, string[], number]>([
    [
      'altered',
      lines.with(
        7,
        edited(lines[7] as string, (entry) => (entry.actor.id = 'acc_x')),
      ),
      7,
    ],
    [
      'altered in what it changed',
      lines.with(
        9,
        edited(lines[9] as string, (entry) => (entry.after.nested.b[0] = 3)),
      ),
      9,
    ],
    ['not JSON', lines.with(4, (lines[4] as string).slice(1)), 4],
    [
      'without its proof',
      lines.with(
        5,
        edited(lines[5] as string, (entry) => delete entry.proof),
      ),
      5,
    ],
    [
      'proven by other hashes',
      lines.with(
        16,
        edited(lines[16] as string, (entry) => entry.proof.siblings.reverse()),
      ),
      16,
    ],
    ['deleted', lines.toSpliced(11, 1), 11],
    ['swapped with its neighbour', lines.with(20, lines[21] as string).with(21, lines[20] as string), 20],
    ['repeated', lines.toSpliced(30, 0, lines[29] as string), 30],
    [
      'invented',
      lines.toSpliced(12, 0, JSON.stringify({ ...recordOf(12, org, { id: 'aud_x' }), proof: { siblings: [] } })),
      12,
    ],
    [
      'of another organization',
      lines.with(
        2,
        edited(lines[2] as string, (entry) => (entry.orgId = 'org_2')),
      ),
      2,
    ],
    ['added after the end', [...lines, lines[49] as string], 50],
    ['missing at the end', lines.slice(0, 40), 40],
    ['missing from the first on', [], 0],
  ])('names the entry that is %s', (_, altered, index) => {
    expect(wrong(altered, checkpoint)?.index).toBe(index);
  });

  it('names the line and the id', () => {
    const altered = lines.with(
      7,
      edited(lines[7] as string, (entry) => (entry.reason = 'none')),
    );
    expect(wrong(altered, checkpoint)?.message).toBe(
      `Line 8, entry aud_${'7'.padStart(32, '0')} (index 7), is wrong: it is not the one that the tree holds, or brings a wrong hash of those after it.`,
    );
  });

  it('shows a cut tail and a rewritten history when a checkpoint was held', () => {
    const held = { origin, size: 45, root: tree.rootAt(45) };
    const cut = { origin, size: 40, root: tree.rootAt(40) };
    expect(verify(tree.all(40), cut).complete).toBe(true);
    expect(wrong(tree.all(40), cut, held)?.message).toContain('The log was cut');
    const fork = exported(log(50).with(13, recordOf(13, org, { action: 'token.created' })));
    const forked = { origin, size: 50, root: fork.rootAt(50) };
    expect(verify(fork.all(), forked).complete).toBe(true);
    expect(wrong(fork.all(), forked, held)).toMatchObject({ index: 44, message: expect.stringContaining('forked') });
  });

  it('refuses a held checkpoint of another log', () => {
    expect(() => verify(lines, checkpoint, { ...checkpoint, origin: 'x/org_2' })).toThrow('The held checkpoint is of');
  });
});

describe('an export of some entries', () => {
  const tree = exported(log(50));
  const checkpoint = { origin, size: 50, root: tree.rootAt(50) };
  const lines = tree.some([3, 8, 21, 49]);

  it('has each of them in the tree, and says that it is not everything', () => {
    expect(verify(lines, checkpoint)).toEqual({ entries: 4, removed: 0, complete: false });
  });

  it('names an entry that is altered, out of order, or proven in another way', () => {
    expect(
      wrong(
        lines.with(
          1,
          edited(lines[1] as string, (entry) => (entry.outcome = 'refused')),
        ),
        checkpoint,
      )?.index,
    ).toBe(8);
    expect(wrong(lines.toReversed(), checkpoint)?.index).toBe(21);
    expect(wrong([lines[0] as string, tree.all()[4] as string], checkpoint)?.index).toBe(4);
  });

  it('says at its first entry that the checkpoint may be of another size than the export', () => {
    const later = exported(log(60));
    const another = { origin, size: 60, root: later.rootAt(60) };
    for (const taken of [lines, tree.all()])
      expect(wrong(taken, another)).toMatchObject({
        line: 1,
        message: expect.stringContaining(
          '(if the export names another size than 60, fetch the checkpoint of that size)',
        ),
      });
  });
});

it('detects every one of 2,000 random alterations, at the entry where it is', () => {
  const records = log(90);
  const tree = exported(records);
  const size = 83;
  const checkpoint = { origin, size, root: tree.rootAt(size) };
  const lines = tree.all(size);
  const held = { origin, size: 70, root: tree.rootAt(70) };
  const key = readSigningKey(generateSigningKey(), 'tollgate-audit');
  const otherKey = readSigningKey(generateSigningKey(), 'tollgate-audit');
  const at = fc.nat({ max: size - 2 });
  const alteration = fc.oneof(
    fc.record({ kind: fc.constant('flip'), at, byte: fc.nat() }),
    fc.record({
      kind: fc.constantFrom('delete', 'swap', 'insert', 'cut', 'fork', 'wrong key'),
      at,
      byte: fc.nat(),
    }),
  );
  fc.assert(
    fc.property(alteration, ({ kind, at: index, byte }) => {
      const line = lines[index] as string;
      if (kind === 'flip') {
        const bytes = Buffer.from(line);
        const place = byte % bytes.length;
        bytes[place] = (bytes[place] as number) ^ (1 + (byte % 127));
        expect(wrong(lines.with(index, bytes.toString('latin1')), checkpoint, held)?.index).toBe(index);
      } else if (kind === 'delete') expect(wrong(lines.toSpliced(index, 1), checkpoint, held)?.index).toBe(index);
      else if (kind === 'swap')
        expect(
          wrong(lines.with(index, lines[index + 1] as string).with(index + 1, line), checkpoint, held)?.index,
        ).toBe(index);
      else if (kind === 'insert') expect(wrong(lines.toSpliced(index, 0, line), checkpoint, held)).not.toBeNull();
      else if (kind === 'cut') {
        // A log whose tail was cut and that was signed anew.
        const shorter = { origin, size: index + 1, root: tree.rootAt(index + 1) };
        expect(wrong(tree.all(index + 1), shorter, held) !== null).toBe(index + 1 < held.size);
        expect(wrong(lines.slice(0, index + 1), checkpoint, held)?.index).toBe(index + 1);
      } else if (kind === 'wrong key') {
        // A log that was rewritten and signed by somebody else, under the same name.
        const fork = exported(records.with(index, recordOf(index, org, { reason: 'rewritten' })));
        const note = signCheckpoint({ origin, size, root: fork.rootAt(size) }, otherKey);
        expect(() => openCheckpoint(note, key)).toThrow('tollgate-audit');
        expect(openCheckpoint(signCheckpoint(checkpoint, key), key)).toEqual(checkpoint);
      } else {
        // A log that was rewritten and signed anew: seen if the change lies before the held checkpoint.
        const fork = exported(records.with(index, recordOf(index, org, { reason: 'rewritten' })));
        const found = wrong(fork.all(size), { origin, size, root: fork.rootAt(size) }, held);
        expect(found !== null).toBe(index < held.size);
      }
    }),
    { numRuns: 2_000, seed: 20_261_122 },
  );
});
