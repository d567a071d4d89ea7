import { Inject } from '@nestjs/common';
import { Handles, type BusClient, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import {
  auditExport,
  checkpointSizeHeader,
  decodeCursor,
  encodeCursor,
  personalLookup,
  rawPageBytesMax,
  type InputOf,
  type OutputOf,
} from '@tollgate/contracts';
import { inclusionRanges, siblingRanges, type LineProof, type Range } from '@tollgate/proof';
import { BUS } from '@tollgate/runtime';
import { csvHead, csvLine } from '../domain/csv.ts';
import { ocsfLine } from '../domain/ocsf.ts';
import { wantedWords } from '../domain/words.ts';
import {
  CHECKPOINTS,
  ENTRIES,
  READ_MODEL,
  READERS,
  TREES,
  type Checkpoints,
  type Entries,
  type EntryFilter,
  type Readers,
  type ReadModel,
  type Trees,
} from './ports.ts';
import { personalIdsOf, present } from './present.ts';
import { recordedFilter } from './recorded-filter.ts';

const name = auditExport.name;
/** Entries of a page at most: with three targets each, their people still fit one look-up. */
const pageMax = 250;

/**
 * Exports an organization's log, oldest first, as far as it went when the export began. Each line of NDJSON is an entry
 * with its proof: the siblings that a reader of everything needs, or the whole path when there is a filter.
 */
@Handles(auditExport)
export class ExportEntries implements OperationHandler<typeof auditExport> {
  constructor(
    @Inject(ENTRIES) private readonly entries: Entries,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(TREES) private readonly trees: Trees,
    @Inject(CHECKPOINTS) private readonly checkpoints: Checkpoints,
    @Inject(BUS) private readonly bus: BusClient,
    @Inject(READERS) private readonly readers: Readers,
  ) {}

  async execute({ input, call }: OperationMessage<typeof auditExport>): Promise<OutputOf<typeof auditExport>> {
    const { org, format, cursor, atLeast, q, ...fields } = input;
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    const filter: EntryFilter = { ...fields, words: q === undefined ? undefined : wantedWords(q) };
    const [size, index] = cursor
      ? (decodeCursor(name, org, cursor, ['number', 'number']) as [number, number])
      : [await this.checkpoints.newestSize(org), 0];
    // An export that cannot be recorded does not begin. Its pages are counted like others: a cursor alone gets them, too.
    if (cursor) this.readers.page(org, call);
    else await this.readers.export(org, call, { format, size, filter: recordedFilter({ ...fields, q }) });
    const whole = isWhole(filter) && format === 'ndjson';
    const removed = whole ? Math.min(size, await this.entries.removed(org)) : 0;
    const lines =
      index < removed
        ? await this.#removed(org, { begin: index, end: Math.min(removed, index + pageMax) }, size)
        : await this.#entries(org, format, filter, { begin: index, end: size }, whole);
    const fitting = countThatFit(lines.map(({ text }) => text));
    const last = fitting < lines.length || lines.length === pageMax || index < removed ? lines[fitting - 1] : undefined;
    const head = format === 'csv' && !cursor ? csvHead : '';
    const shown = lines.slice(0, fitting).map(({ text }) => text);
    return {
      contentType: format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson',
      headers: {
        [checkpointSizeHeader]: String(size),
        'content-disposition': `attachment; filename="audit-${org}-${size}.${format === 'ocsf' ? 'ocsf.ndjson' : format}"`,
      },
      body: head + shown.join(''),
      next: last ? encodeCursor(name, org, [size, last.index + 1]) : null,
    };
  }

  async #entries(org: string, format: Format, filter: EntryFilter, range: Range, whole: boolean): Promise<Line[]> {
    const found = await this.entries.oldest(org, filter, range, pageMax);
    const personal = await this.bus.call(personalLookup, personalIdsOf(found));
    const shown = found.map((entry) => present(entry, personal));
    const texts =
      format === 'csv'
        ? shown.map(csvLine)
        : format === 'ocsf'
          ? shown.map(ocsfLine)
          : await this.#proven(org, shown, range.end, whole);
    return shown.map(({ index }, at) => ({ index, text: texts[at] as string }));
  }

  /** In an export of everything, hashes stand for the entries that retention has removed: it is complete all the same. */
  async #removed(org: string, { begin, end }: Range, size: number): Promise<Line[]> {
    const leaves = await this.entries.leaves(org, { begin, end });
    const gone = leaves.map((leaf, at) => {
      return { index: begin + at, orgId: org, removed: true as const, leaf: leaf.toString('base64') };
    });
    const texts = await this.#proven(org, gone, size, true);
    return gone.map(({ index }, at) => ({ index, text: texts[at] as string }));
  }

  async #proven(
    org: string,
    entries: readonly { readonly index: number }[],
    size: number,
    whole: boolean,
  ): Promise<string[]> {
    const rangesOf = ({ index }: { readonly index: number }): Range[] =>
      (whole ? siblingRanges : inclusionRanges)(index, size);
    const ranges = entries.map(rangesOf);
    const hashes = await this.trees.hashes(org, ranges.flat());
    let taken = 0;
    return entries.map((entry, at) => {
      const own = hashes.slice(taken, (taken += ranges[at]?.length ?? 0)).map((hash) => hash.toString('base64'));
      const proof: LineProof = whole ? { siblings: own } : { path: own };
      return `${JSON.stringify({ ...entry, proof })}\n`;
    });
  }
}

type Format = InputOf<typeof auditExport>['format'];

interface Line {
  readonly index: number;
  readonly text: string;
}

const isWhole = (filter: EntryFilter) => Object.values(filter).every((value) => value === undefined);

/** How many of the lines fit a page; at least one. */
function countThatFit(lines: readonly string[]): number {
  let bytes = 0;
  const first = lines.findIndex((line, at) => {
    // As it travels: text inside JSON, with its quotation marks escaped.
    bytes += Buffer.byteLength(JSON.stringify(line));
    return at > 0 && bytes > rawPageBytesMax;
  });
  return first === -1 ? lines.length : first;
}
