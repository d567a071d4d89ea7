import { Inject } from '@nestjs/common';
import { Handles, type BusClient, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { auditList, decodeCursor, encodeCursor, personalLookup, type OutputOf } from '@tollgate/contracts';
import { BUS } from '@tollgate/runtime';
import { ENTRIES, READ_MODEL, READERS, type Entries, type Readers, type ReadModel } from './ports.ts';
import { wantedWords } from '../domain/words.ts';
import { personalIdsOf, present } from './present.ts';

const list = auditList.name;

/**
 * Searches the audit log of one organization, newest first. New entries only ever come on top, so paging by index
 * neither skips nor repeats one while others write. Names are asked for on every read: an erased one is gone at once, and
 * when they can't be had the read fails, because an absent name means that the person was erased.
 */
@Handles(auditList)
export class ListEntries implements OperationHandler<typeof auditList> {
  constructor(
    @Inject(ENTRIES) private readonly entries: Entries,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(BUS) private readonly bus: BusClient,
    @Inject(READERS) private readonly readers: Readers,
  ) {}

  async execute({ input, call }: OperationMessage<typeof auditList>): Promise<OutputOf<typeof auditList>> {
    const { org, cursor, limit, atLeast, q, ...fields } = input;
    const filter = { ...fields, words: q === undefined ? undefined : wantedWords(q) };
    const before = cursor === undefined ? null : Number(decodeCursor(list, org, cursor, ['number'])[0]);
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    this.readers.page(org, call);
    // One more than is shown tells whether there is a next page.
    const found = await this.entries.newest(org, filter, before, limit + 1);
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    if (shown.length === 0) return { items: [], nextCursor: null };
    const personal = await this.bus.call(personalLookup, personalIdsOf(shown));
    return {
      items: shown.map((entry) => present(entry, personal)),
      nextCursor: last ? encodeCursor(list, org, [last.index]) : null,
    };
  }
}
