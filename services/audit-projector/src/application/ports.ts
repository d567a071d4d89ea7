import type { AuditEntry, RebuildReport } from '@tollgate/contracts';

/** Injection tokens of what the application needs from outside; the module binds adapters to them. */
export const ENTRIES = Symbol('Entries');
export const READ_MODEL = Symbol('ReadModel');

/** Which entries are asked for. `from` is included, `to` is not. */
export interface EntryFilter {
  readonly namespace?: string;
  /** The whole action or its beginning. */
  readonly action?: string;
  readonly actor?: string;
  readonly target?: string;
  readonly outcome?: string;
  readonly from?: string;
  readonly to?: string;
}

/** An entry as it is stored, with the names of tokens, spaces and the organization as they are now. */
export interface StoredEntry extends Omit<AuditEntry, 'actor' | 'targets' | 'context'> {
  readonly actorType: string;
  readonly actorId: string;
  readonly targetTypes: readonly string[];
  readonly targetIds: readonly string[];
  readonly requestId: string | null;
  readonly traceId: string | null;
  /** Names by id of what this entry mentions; people are not among them. */
  readonly names: Readonly<Record<string, string>>;
}

export interface Entries {
  /** The newest entries of an organization that match and stand before a position (null: all), newest first. */
  newest(orgId: string, filter: EntryFilter, beforePosition: number | null, limit: number): Promise<StoredEntry[]>;
}

/** The projection `audit`, as far as its readers look at it. */
export interface ReadModel {
  /** @throws TollgateError READ_MODEL_BEHIND when the position is not reached within 2 s. */
  waitFor(position: number): Promise<void>;
  /** Fills new tables from the whole log, compares them with the running ones and switches. */
  rebuild(): Promise<RebuildReport>;
}
