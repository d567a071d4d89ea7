import { Frontier } from '../frontier.ts';
import { inclusionRanges, siblingRanges } from '../proofs.ts';
import { hashOfRange, type NodePlace, type Range } from '../ranges.ts';
import { recordHash, type ProvenRecord } from '../record.ts';

/** The record of the n-th entry of an organization's log. */
export function recordOf(index: number, orgId: string, overrides: Partial<ProvenRecord> = {}): ProvenRecord {
  return {
    version: 1,
    id: `aud_${String(index).padStart(32, '0')}`,
    position: 10 + index * 3,
    index,
    at: new Date(1_767_225_600_000 + index * 1000).toISOString(),
    orgId,
    spaceId: index % 3 === 0 ? 'spc_1' : null,
    namespace: 'API Tokens',
    action: index % 2 === 0 ? 'token.created' : 'token.revoked',
    actor: { type: 'account', id: `acc_${index % 5}` },
    targets: [{ type: 'token', id: `tok_${index % 7}` }],
    outcome: 'success',
    reason: index % 4 === 0 ? 'n\u00f6tig \u2014 \u{1f511}' : null,
    before: null,
    after: { name: `Token ${index}`, nested: { b: [1, 2.5, null], a: true } },
    context: { requestId: `req_${index}`, traceId: null, commitment: 'K/A=' },
    ...overrides,
  };
}

/** A tree over records, with the lines of an export at any size. */
export function exported(records: readonly ProvenRecord[]) {
  const nodes = new Map<string, Buffer>();
  const tree = new Frontier();
  const roots = [tree.root()];
  for (const [index, record] of records.entries()) {
    const completed = tree.append(recordHash(record));
    completed.forEach((hash, level) => nodes.set(`${level}/${(index + 1) / 2 ** level - 1}`, hash));
    roots.push(tree.root());
  }
  const lookup = ({ level, index }: NodePlace) => nodes.get(`${level}/${index}`) as Buffer;
  const texts = (ranges: Range[]) => ranges.map((range) => hashOfRange(range, lookup).toString('base64'));
  const line = (index: number, proof: object) => JSON.stringify({ ...records[index], proof });
  return {
    rootAt: (size: number) => roots[size] as Buffer,
    all: (size = records.length) =>
      records.slice(0, size).map((_, index) => line(index, { siblings: texts(siblingRanges(index, size)) })),
    some: (indexes: readonly number[], size = records.length) =>
      indexes.map((index) => line(index, { path: texts(inclusionRanges(index, size)) })),
  };
}
