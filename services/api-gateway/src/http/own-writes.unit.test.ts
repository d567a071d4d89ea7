import { describe, expect, it } from '@jest/globals';
import type { BusClient } from '@tollgate/bus';
import { auditList, orgsGet, TollgateError, tokensRevoke } from '@tollgate/contracts';
import { OwnWrites } from './own-writes.ts';

/** A bus that answers commands with positions and reads up to `readable`. */
function busWith(positions: number[], readable = Number.POSITIVE_INFINITY) {
  const asked: (number | undefined)[] = [];
  const bus = {
    call: async (operation: { kind: string }, input: { atLeast?: number }) => {
      if (operation.kind === 'command') return { position: positions.shift() };
      asked.push(input.atLeast);
      if ((input.atLeast ?? 0) > readable) throw new TollgateError('READ_MODEL_BEHIND', 'behind');
      return { items: [] };
    },
  } as unknown as BusClient;
  return { asked, writes: new OwnWrites(bus) };
}

const revoke = { org: 'org_1', tok: 'tok_1' };

describe('reading what was written', () => {
  it('asks for the last position of that organization', async () => {
    const { writes, asked } = busWith([7, 5]);
    await writes.call(auditList, { org: 'org_1' }, {});
    await writes.call(tokensRevoke, revoke, {});
    await writes.call(tokensRevoke, revoke, {});
    await writes.call(auditList, { org: 'org_1' }, {});
    await writes.call(auditList, { org: 'org_2' }, {});
    expect(asked).toEqual([undefined, 7, undefined]);
  });

  it('leaves a position that the caller names, and reads that take none', async () => {
    const { writes, asked } = busWith([7]);
    await writes.call(tokensRevoke, revoke, {});
    await writes.call(auditList, { org: 'org_1', atLeast: 3 }, {});
    await writes.call(orgsGet, { org: 'org_1' }, {});
    expect(asked).toEqual([3, undefined]);
  });

  it('reads as it is what does not get there, unless the caller asked for it', async () => {
    const { writes, asked } = busWith([7], 6);
    await writes.call(tokensRevoke, revoke, {});
    expect(await writes.call(auditList, { org: 'org_1' }, {})).toEqual({ items: [] });
    expect(asked).toEqual([7, undefined]);
    await expect(writes.call(auditList, { org: 'org_1', atLeast: 7 }, {})).rejects.toMatchObject({
      code: 'READ_MODEL_BEHIND',
    });
  });

  it('remembers a bounded number of organizations', async () => {
    const { writes, asked } = busWith(Array.from({ length: 10_001 }, (_, index) => index + 1));
    for (let index = 0; index <= 10_000; index += 1)
      await writes.call(tokensRevoke, { org: `org_${index}`, tok: 't' }, {});
    await writes.call(auditList, { org: 'org_0' }, {});
    await writes.call(auditList, { org: 'org_1' }, {});
    expect(asked).toEqual([undefined, 2]);
  });
});
