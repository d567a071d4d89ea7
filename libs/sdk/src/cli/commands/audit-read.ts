import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  auditCheckpoint,
  auditExport,
  auditList,
  auditPublicKey,
  auditWitnessKey,
  checkpointSizeHeader,
  type AuditEntry,
  type OutputOf,
} from '@tollgate/contracts';
import { callOperation, openOperation } from '../call.ts';
import { UsageError } from '../failures.ts';
import { complain, write } from '../process.ts';
import { writeBody } from '../stream.ts';

type Options = Readonly<Record<string, string | boolean | undefined>>;

const filterNames = ['namespace', 'action', 'actor', 'target', 'spaceId', 'outcome', 'from', 'to', 'q'] as const;
const pollMs = 500;
const pageMax = 200;

/** `tollgate audit public-key` */
export async function auditPublicKeyCommand(options: Options): Promise<void> {
  const answer = (await callOperation(auditPublicKey, {}, options)) as OutputOf<typeof auditPublicKey>;
  write(options['json'] ? JSON.stringify(answer) : answer.key);
}

/** `tollgate audit witness-key` */
export async function auditWitnessKeyCommand(options: Options): Promise<void> {
  const answer = (await callOperation(auditWitnessKey, {}, options)) as OutputOf<typeof auditWitnessKey>;
  write(options['json'] ? JSON.stringify(answer) : answer.key);
}

/** `tollgate audit export`: writes the export as it comes, and the signed checkpoint of its size if asked to. */
export async function auditExportCommand(options: Options): Promise<void> {
  const { org, format, atLeast, output, checkpoint } = options as Record<string, string | undefined>;
  const input = { org, format, ...filtersOf(options), ...(atLeast === undefined ? {} : { atLeast }) };
  const response = await openOperation(auditExport, input, options);
  const size = response.headers.get(checkpointSizeHeader);
  const lines = await writeBody(response, output);
  if (checkpoint !== undefined) {
    const note = await openOperation(auditCheckpoint, { org, size }, options);
    await writeFile(checkpoint, await note.text()).catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`${checkpoint} cannot be written: ${error.code}.`);
    });
  }
  const entries = format === 'csv' ? Math.max(0, lines - 1) : lines;
  const note = checkpoint ?? `tollgate audit checkpoint --size ${size}`;
  complain(`${entries} entries of a log of ${size}. Its signed checkpoint: ${note}`);
}

/** `tollgate audit tail`: the newest entries, oldest first, and with `--follow` those that come. */
export async function auditTailCommand(options: Options): Promise<void> {
  const limit = Number(options['limit']);
  if (!Number.isInteger(limit) || limit < 1 || limit > pageMax)
    throw new UsageError(`--limit takes a number from 1 to ${pageMax}.`);
  const first = await newest(options, limit);
  let shown = first.items[0]?.index ?? -1;
  print(first.items, options);
  while (options['follow']) {
    await sleep(pollMs);
    const fresh = await since(options, shown);
    shown = fresh[0]?.index ?? shown;
    print(fresh, options);
  }
}

/** The entries after an index, newest first, over as many pages as it takes. */
async function since(options: Options, index: number): Promise<AuditEntry[]> {
  const fresh: AuditEntry[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await newest(options, pageMax, cursor);
    fresh.push(...page.items.filter((entry) => entry.index > index));
    const last = page.items.at(-1);
    if (!last || last.index <= index || page.nextCursor === null) return fresh;
    cursor = page.nextCursor;
  }
}

async function newest(options: Options, limit: number, cursor?: string): Promise<OutputOf<typeof auditList>> {
  const input = { org: options['org'], ...filtersOf(options), limit, ...(cursor === undefined ? {} : { cursor }) };
  return (await callOperation(auditList, input, options)) as OutputOf<typeof auditList>;
}

function print(newestFirst: readonly AuditEntry[], options: Options): void {
  for (const entry of newestFirst.toReversed()) write(options['json'] ? JSON.stringify(entry) : line(entry));
}

/** One entry in one line. A terminal obeys control characters, so none reaches it. */
function line({ at, action, actor, targets, outcome, reason }: AuditEntry): string {
  const called = ({ name, id }: { name: string | null; id: string }) => (name === null ? id : `${name} (${id})`);
  const parts = [
    at,
    action,
    called(actor),
    targets.map(called).join(', '),
    outcome === 'success' ? '' : outcome,
    reason ?? '',
  ];
  return parts
    .filter((part) => part !== '')
    .join('  ')
    .replaceAll(/\p{Cc}/gu, '\u{fffd}');
}

function filtersOf(options: Options): Record<string, unknown> {
  return Object.fromEntries(
    filterNames.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}
