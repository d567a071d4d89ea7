import { hashBytes } from './hashes.ts';
import { ProofError } from './proof-error.ts';
import { recordHash, type ProvenRecord } from './record.ts';

/** How an exported entry is proven. Hashes are base64. */
export type LineProof =
  /** In an export of everything: the hashes of `siblingRanges`. */
  | { readonly siblings: readonly string[] }
  /** In an export of some: the hashes of `inclusionRanges`. */
  | { readonly path: readonly string[] };

/** One line of an export as its verifier reads it. */
export interface ExportLine {
  readonly id: string;
  readonly index: number;
  readonly orgId: string | null;
  readonly leaf: Buffer;
  readonly proof: { readonly kind: 'siblings' | 'path'; readonly hashes: Buffer[] };
}

/** @throws ProofError for text that is no exported entry with its proof */
export function readExportLine(text: string): ExportLine {
  let entry: ProvenRecord & { readonly proof?: Partial<Record<'siblings' | 'path', unknown>> };
  try {
    entry = JSON.parse(text);
  } catch {
    throw new ProofError('it is not JSON');
  }
  const kind = entry?.proof?.siblings === undefined ? 'path' : 'siblings';
  const hashes = entry?.proof?.[kind];
  if (!Array.isArray(hashes)) throw new ProofError('it has no proof: only the format ndjson has');
  try {
    const { id, index, orgId } = entry;
    return { id, index, orgId, leaf: recordHash(entry), proof: { kind, hashes: hashes.map(readHash) } };
  } catch {
    throw new ProofError('it is not an audit entry');
  }
}

function readHash(text: unknown): Buffer {
  const hash = Buffer.from(String(text), 'base64');
  if (hash.length !== hashBytes || hash.toString('base64') !== text)
    throw new ProofError('a hash of its proof is none');
  return hash;
}
