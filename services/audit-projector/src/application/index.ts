import { ListEntries } from './list-entries.ts';
import { RebuildAudit } from './rebuild-audit.ts';

/** The use cases of the audit log. */
export const useCases = [ListEntries, RebuildAudit];
