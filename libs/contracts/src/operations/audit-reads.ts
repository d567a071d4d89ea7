import { z } from 'zod';
import { ActorSchema } from '../events/envelope.ts';
import { operation } from '../operation.ts';
import { Instant, OrgId } from '../values.ts';
import { AuditExportFilter, auditExportFormats } from './audit.ts';

/** From audit-projector to token-command: what happens to the audit log is recorded where everything else is. */
const internal = { service: 'token-command', kind: 'command', who: ['caller'], internal: true } as const;

/** Whose searches and pages one report counts at most. */
export const readsReportMax = 100;

export const auditReportReads = operation({
  ...internal,
  name: 'audit.report-reads',
  summary: 'Record who read the audit log, and how often, in a minute',
  input: z.strictObject({
    /** A random name of the process that counted. */
    incarnation: z.string().min(16).max(64),
    reads: z
      .array(
        z.strictObject({
          org: OrgId,
          reader: ActorSchema,
          /** The beginning of the minute, by the wall clock. */
          minute: Instant,
          count: z.number().int().positive(),
          /** Another one for each report of an incarnation; a repetition has the same part and is recorded once. */
          part: z.number().int().positive(),
        }),
      )
      .min(1)
      .max(readsReportMax),
  }),
  output: z.object({ recorded: z.number().int() }),
});

export const auditReportExport = operation({
  ...internal,
  name: 'audit.report-export',
  summary: 'Record that the audit log is exported, before it is',
  input: z.strictObject({
    org: OrgId,
    reader: ActorSchema,
    format: z.enum(auditExportFormats),
    /** Entries of the tree that the export ends at. */
    size: z.number().int().nonnegative(),
    filter: AuditExportFilter,
    /** Of the request behind it, for the erasable row. */
    requestId: z.string().max(200),
    ip: z.string().max(200).nullable(),
    userAgent: z.string().max(2000).nullable(),
  }),
  output: z.object({ position: z.number().int() }),
});

export const auditRemoveEntries = operation({
  ...internal,
  name: 'audit.remove-entries',
  summary: "Record that an organization's oldest audit entries lose their contents, because its retention says so",
  input: z.strictObject({
    org: OrgId,
    /** Of the last entry that loses them. */
    position: z.number().int().positive(),
    /** How many have none then, from the first one on. */
    entries: z.number().int().positive(),
  }),
  output: z.object({ position: z.number().int() }),
});
