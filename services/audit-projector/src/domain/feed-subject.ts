import { streams, subjects, type AuditNamespace } from '@tollgate/contracts';
import type { ProvenRecord } from '@tollgate/proof';
import { ocsfEvent } from './ocsf.ts';
import { platformTree } from './tree.ts';

/** Where an entry of a tree is published. A token of a subject holds no blank, so `API Tokens` is `api-tokens`. */
export function feedSubject(tree: string, namespace: AuditNamespace, kind = 'audit'): string {
  return `tollgate.${kind}.${tree}.${namespace.toLowerCase().replaceAll(' ', '-')}`;
}

/** A stream that all entries are published into, in the order of the log and without names. */
export interface EntryStream {
  readonly stream: string;
  readonly subjects: string;
  messageOf(record: ProvenRecord): { readonly id: string; readonly subject: string; readonly payload: string };
}

const subjectOf = ({ orgId, namespace }: ProvenRecord, kind: string) =>
  feedSubject(orgId ?? platformTree, namespace as AuditNamespace, kind);

/** Every entry as its proven record. */
export const recordStream: EntryStream = {
  stream: streams.audit,
  subjects: subjects.audit,
  messageOf: (record) => ({ id: record.id, subject: subjectOf(record, 'audit'), payload: JSON.stringify(record) }),
};

/** Every entry as an event of OCSF. */
export const ocsfStream: EntryStream = {
  stream: streams.auditOcsf,
  subjects: subjects.auditOcsf,
  messageOf: (record) => ({
    id: record.id,
    subject: subjectOf(record, 'audit-ocsf'),
    payload: JSON.stringify(ocsfEvent(record)),
  }),
};
