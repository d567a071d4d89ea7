import { AuditExportFilter } from '@tollgate/contracts';

type Given = Readonly<Record<string, unknown>>;

const free = ['action', 'actor', 'target', 'q'] as const;

/** What the log keeps of an export's filter: see `AuditExportFilter`. */
export function recordedFilter(given: Given): AuditExportFilter {
  const kept = Object.entries(given).filter(
    ([name, value]) =>
      value !== undefined &&
      AuditExportFilter.safeParse({ [name]: value, others: [] }).data?.[name as 'actor'] !== undefined,
  );
  const names = kept.map(([name]) => name);
  const others = free.filter((name) => given[name] !== undefined && !names.includes(name));
  return AuditExportFilter.parse({ ...Object.fromEntries(kept), others });
}
