export { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint, type Checkpoint } from './checkpoint.ts';
export { cosign, cosignedAt, openCosignature, withCosignature } from './cosignature.ts';
export { readExportLine, type ExportLine, type LineProof, type RemovedLine } from './export-line.ts';
export { Frontier, rootOf } from './frontier.ts';
export { emptyRoot, hashBytes, leafHash, nodeHash, sameHash } from './hashes.ts';
export {
  formatVerifierKey,
  generateSigningKey,
  parseVerifierKey,
  readSigningKey,
  type KeyUse,
  type SigningKey,
  type VerifierKey,
} from './keys.ts';
export { loadOrCreateSigningKey } from './key-file.ts';
export { openNote, signNote } from './note.ts';
export { ProofError } from './proof-error.ts';
export { consistencyRanges, inclusionRanges, siblingRanges, verifyConsistency, verifyInclusion } from './proofs.ts';
export { hashOfRange, nodesOf, type NodeLookup, type NodePlace, type Range } from './ranges.ts';
export { provenRecord, recordHash, removalAction, type ProvenRecord } from './record.ts';
export { TreeReader } from './tree-reader.ts';
export { ExportVerifier, WrongEntry, type Verdict } from './verify-export.ts';
