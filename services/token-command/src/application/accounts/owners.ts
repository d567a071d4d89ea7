import { Inject, Injectable } from '@nestjs/common';
import type { EventSource } from '@tollgate/event-log';
import { account } from '../../domain/account.ts';
import type { Context, StreamReference } from '../command-runner.ts';
import { DIRECTORY_LIST, EVENT_SOURCE, READ_MODEL } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import type { DirectoryList } from './ports.ts';

/** Each witness is a guard of the append, so a few are enough. */
const witnessesMax = 5;

/**
 * Which owners an organization has, as a decision needs it: the read model names candidates, their streams decide, and
 * the append is guarded by them. Of two owners who demote each other at once, one append loses and is decided again.
 */
@Injectable()
export class Owners {
  constructor(
    @Inject(DIRECTORY_LIST) private readonly directory: DirectoryList,
    @Inject(EVENT_SOURCE) private readonly source: EventSource,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  /** Streams of owners other than `exceptId`, to rest a decision on. */
  async witnesses(orgId: string, exceptId?: string): Promise<readonly StreamReference[]> {
    await this.readModel.waitFor(await this.source.head());
    const owners = await this.directory.owners(orgId, witnessesMax + 1);
    return owners
      .filter((id) => id !== exceptId)
      .slice(0, witnessesMax)
      .map((id) => [account, id] as const);
  }

  /** True if one of the witnesses is an active owner still. */
  static hold(witnesses: readonly StreamReference[], context: Context): boolean {
    return witnesses.some(([, id]) => {
      const { state } = context.of(account, id);
      return state.status === 'active' && state.role === 'owner';
    });
  }
}
