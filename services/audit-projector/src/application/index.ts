import { ExportEntries } from './export-entries.ts';
import { ListEntries } from './list-entries.ts';
import { ProveConsistency } from './prove-consistency.ts';
import { ProveEntry } from './prove-entry.ts';
import { RebuildAudit } from './rebuild-audit.ts';
import { ShowCheckpoint } from './show-checkpoint.ts';
import { ShowPublicKey } from './show-public-key.ts';
import { ListHeads, ProveToWitness, ReadLeaves, ShowWitnessKey, TakeReport } from './witness.ts';

/** The use cases of the audit log. */
export const useCases = [
  ListEntries,
  ExportEntries,
  ProveEntry,
  ProveConsistency,
  ShowCheckpoint,
  ShowPublicKey,
  RebuildAudit,
  ListHeads,
  ProveToWitness,
  ReadLeaves,
  TakeReport,
  ShowWitnessKey,
];
