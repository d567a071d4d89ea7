import { hashBytes } from './hashes.ts';
import { ProofError } from './proof-error.ts';
import { recordHash, removalAction, type ProvenRecord } from './record.ts';

/** How an exported entry is proven. Hashes are base64. */
export type LineProof =
  /** In an export of everything: the hashes of `siblingRanges`. */
  | { readonly siblings: readonly string[] }
  /** In an export of some: the hashes of `inclusionRanges`. */
  | { readonly path: readonly string[] };

/** What an export of everything has in the place of an entry whose contents retention has taken away. */
export interface RemovedLine {
  readonly index: number;
  readonly orgId: string | null;
  readonly removed: true;
  /** Base64 of its leaf hash. */
  readonly leaf: string;
  readonly proof: LineProof;
}

/** One line of an export as its verifier reads it. */
export interface ExportLine {
  readonly id: string;
  readonly index: number;
  readonly orgId: string | null;
  readonly leaf: Buffer;
  /** Its contents are gone: only the hash is there. */
  readonly removed: boolean;
  /** This entry says that so many, from the first one on, have lost their contents; 0 for all others. */
  readonly removes: number;
  readonly proof: { readonly kind: 'siblings' | 'path'; readonly hashes: Buffer[] };
}

type Given = (ProvenRecord | RemovedLine) & { readonly proof?: Partial<Record<'siblings' | 'path', unknown>> };

/** @throws ProofError for text that is no exported entry with its proof */
export function readExportLine(text: string): ExportLine {
  let entry: Given;
  try {
    entry = JSON.parse(text);
  } catch {
    throw new ProofError('it is not JSON');
  }
  const kind = entry?.proof?.siblings === undefined ? 'path' : 'siblings';
  const hashes = entry?.proof?.[kind];
  if (!Array.isArray(hashes)) throw new ProofError('it has no proof: only the format ndjson has');
  try {
    const { index, orgId } = entry;
    return { index, orgId, ...contentsOf(entry), proof: { kind, hashes: hashes.map(readHash) } };
  } catch {
    throw new ProofError('it is not an audit entry');
  }
}

function contentsOf(entry: Given): Pick<ExportLine, 'id' | 'leaf' | 'removed' | 'removes'> {
  if ('removed' in entry) return { id: '(removed)', leaf: readHash(entry.leaf), removed: true, removes: 0 };
  const entries = (entry.after as { entries?: unknown } | null)?.entries;
  const removes = entry.action === removalAction && typeof entries === 'number' ? entries : 0;
  return { id: entry.id, leaf: recordHash(entry), removed: false, removes };
}

function readHash(text: unknown): Buffer {
  const hash = Buffer.from(String(text), 'base64');
  if (hash.length !== hashBytes || hash.toString('base64') !== text)
    throw new ProofError('a hash of its proof is none');
  return hash;
}
