import { rebuildOperations, type RebuildReport } from '@tollgate/contracts';
import { callOperation } from '../call.ts';
import { UsageError } from '../failures.ts';
import { setStatus, write } from '../process.ts';

/**
 * `tollgate projections rebuild NAME`: rebuilds beside the running tables, compares and switches. Exit status 1 when
 * anything differs, which is then named.
 */
export async function projectionsRebuild(name: string, options: { as?: string; json?: boolean }): Promise<void> {
  if (!Object.hasOwn(rebuildOperations, name)) {
    throw new UsageError(`There is no projection "${name}". There are ${Object.keys(rebuildOperations).join(', ')}.`);
  }
  const operation = rebuildOperations[name as keyof typeof rebuildOperations];
  const report = (await callOperation(operation, {}, options)) as RebuildReport;
  write(options.json ? JSON.stringify(report) : describeRebuild(report));
  if (!report.identical) setStatus(1);
}

/** What a rebuild found, for people. */
export function describeRebuild(report: RebuildReport): string {
  const rows = report.tables.map(({ name, rows, liveDigest, rebuiltDigest }) => {
    const verdict =
      liveDigest === rebuiltDigest ? 'identical' : `differs (running ${liveDigest}, rebuilt ${rebuiltDigest})`;
    return `  ${name}: ${rows} ${rows === 1 ? 'row' : 'rows'}, ${verdict}`;
  });
  const summary = report.identical
    ? `${report.projection} was rebuilt at position ${report.position}: identical to the running tables.`
    : `${report.projection} was rebuilt at position ${report.position}: the running tables differed.`;
  return [summary, ...rows, ...report.differences.map((difference) => `  ${difference}`)].join('\n');
}
