import type { CallContext } from '@tollgate/bus';
import type { AuditEntry, AuditExportFilter, RebuildReport } from '@tollgate/contracts';
import type { Range } from '@tollgate/proof';
import type { WantedWord } from '../domain/words.ts';

/** Injection tokens of what the application needs from outside; the module binds adapters to them. */
export const ENTRIES = Symbol('Entries');
export const READ_MODEL = Symbol('ReadModel');
export const TREES = Symbol('Trees');
export const CHECKPOINTS = Symbol('Checkpoints');
export const WITNESS = Symbol('Witness');
export const READERS = Symbol('Readers');

/** Which entries are asked for. `from` is included, `to` is not. */
export interface EntryFilter {
  readonly namespace?: string;
  /** The whole action or its beginning. */
  readonly action?: string;
  readonly actor?: string;
  readonly target?: string;
  readonly spaceId?: string;
  readonly outcome?: string;
  readonly from?: string;
  readonly to?: string;
  /** All of them. */
  readonly words?: readonly WantedWord[];
}

/** An entry as it is stored, with the names of tokens, spaces and the organization as they are now. */
export interface StoredEntry extends Omit<AuditEntry, 'actor' | 'targets' | 'context'> {
  readonly actorType: string;
  readonly actorId: string;
  readonly targetTypes: readonly string[];
  readonly targetIds: readonly string[];
  readonly requestId: string | null;
  readonly traceId: string | null;
  readonly commitment: string | null;
  /** Names by id of what this entry mentions; people are not among them. */
  readonly names: Readonly<Record<string, string>>;
}

export interface Entries {
  /** The newest entries of an organization that match and stand before an index (null: all), newest first. */
  newest(orgId: string, filter: EntryFilter, before: number | null, limit: number): Promise<StoredEntry[]>;
  /** The oldest that match and have an index of a range, oldest first. */
  oldest(orgId: string, filter: EntryFilter, range: Range, limit: number): Promise<StoredEntry[]>;
  /** The index of an entry; null when the organization has none of that id. */
  indexOf(orgId: string, id: string): Promise<number | null>;
  /**
   * Leaf hashes, made anew from the stored entries of these indexes: those before the first one that is missing. Of entries
   * that retention has removed, the stored ones.
   */
  leaves(tree: string, range: Range): Promise<Buffer[]>;
  /** How many entries, from the first one on, retention has removed. */
  removed(orgId: string): Promise<number>;
}

/** The Merkle tree of an organization's entries. */
export interface Trees {
  /** Entries in it; 0 when there is no such tree. */
  size(orgId: string): Promise<number>;
  /** Trees in the order of their names, after one of them (null: from the first), with the largest size that is signed. */
  heads(after: string | null, limit: number): Promise<{ tree: string; size: number }[]>;
  /** The hash over each of these ranges of leaves, which the tree must have. */
  hashes(orgId: string, ranges: readonly Range[]): Promise<Buffer[]>;
  /** The hashes that are stored with the entries of these indexes, one behind the other. */
  stored(tree: string, range: Range): Promise<Buffer>;
}

/** Signed checkpoints. For one size of one tree there is one note, for ever. */
export interface Checkpoints {
  /** The key with which anybody can check them. */
  readonly publicKey: string;
  /**
   * The note of a size that the tree has, signed now if it was not signed before.
   * @throws TollgateError SERVICE_UNAVAILABLE when the tree contradicts what was signed before
   */
  note(orgId: string, size: number): Promise<string>;
  /** The size of the newest note that there is or can be: the tree's own unless it contradicts what was signed before. */
  newestSize(orgId: string): Promise<number>;
}

/** What the witness has said. */
export interface Witness {
  /** Its key; null before it has reported for the first time. */
  key(): Promise<string | null>;
  /** Its line for the checkpoint of a size; null when it has not cosigned that. */
  line(orgId: string, size: number): Promise<string | null>;
  /**
   * Keeps a cosignature, which ends an earlier refusal.
   * @throws TollgateError FORBIDDEN when another witness reported before
   */
  cosigned(key: string, orgId: string, size: number, line: string): Promise<void>;
  refused(key: string, orgId: string, reason: string): Promise<void>;
}

/** The projection `audit`, as far as its readers look at it. */
export interface ReadModel {
  /** @throws TollgateError READ_MODEL_BEHIND when the position is not reached within 2 s. */
  waitFor(position: number): Promise<void>;
  /** Fills new tables from the whole log, compares them with the running ones and switches. */
  rebuild(): Promise<RebuildReport>;
}

/** Records who reads the log, in the log. */
export interface Readers {
  /** Somebody read a page: counted, and recorded with the others of the same minute. */
  page(orgId: string, call: CallContext): void;
  /**
   * Somebody begins an export: recorded when this resolves.
   * @param what with the size of the tree that it ends at
   * @throws TollgateError SERVICE_UNAVAILABLE when it cannot be recorded, and so must not begin
   */
  export(
    orgId: string,
    call: CallContext,
    what: { readonly format: 'ndjson' | 'csv' | 'ocsf'; readonly size: number; readonly filter: AuditExportFilter },
  ): Promise<void>;
}
