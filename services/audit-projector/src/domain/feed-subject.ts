import type { AuditNamespace } from '@tollgate/contracts';

/** Where an entry of a tree is published. A token of a subject holds no blank, so `API Tokens` is `api-tokens`. */
export function feedSubject(tree: string, namespace: AuditNamespace): string {
  return `tollgate.audit.${tree}.${namespace.toLowerCase().replaceAll(' ', '-')}`;
}
