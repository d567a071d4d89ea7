import { describe, expect, it } from '@jest/globals';
import { groupReads } from './group-reads.ts';

/** Loads that answer when a test says so. */
function loader() {
  const loads: { keys: readonly string[]; answer: (missing?: string[]) => void; fail: (error: Error) => void }[] = [];
  const load = (keys: readonly string[]) =>
    new Promise<ReadonlyMap<string, string>>((resolve, reject) => {
      const valuesBut = (missing: string[]) =>
        keys.filter((key) => !missing.includes(key)).map((key) => [key, `<${key}>`]);
      loads.push({
        keys,
        answer: (missing = []) => resolve(new Map(valuesBut(missing) as [string, string][])),
        fail: reject,
      });
    });
  return { loads, load };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('grouped reads', () => {
  it('of one turn of the event loop go together', async () => {
    const { loads, load } = loader();
    const read = groupReads(load);
    void read(['a']);
    await Promise.resolve();
    void read(['b']);
    await turn();
    expect(loads.map(({ keys }) => keys)).toEqual([['a', 'b']]);
  });

  it('go together while a load is under way, each key once, and everybody gets just what they asked for', async () => {
    const { loads, load } = loader();
    const read = groupReads(load);
    const first = read(['a']);
    await turn();
    const reads = [first, read(['b', 'c']), read(['c', 'd'])];
    loads[0]!.answer();
    await turn();
    await turn();
    expect(loads.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c', 'd']]);
    loads[1]!.answer(['d']);
    expect(await Promise.all(reads)).toEqual([
      new Map([['a', '<a>']]),
      new Map([
        ['b', '<b>'],
        ['c', '<c>'],
      ]),
      new Map([['c', '<c>']]),
    ]);
  });

  it('never join a load that was sent before, which may not see what was committed since', async () => {
    const { loads, load } = loader();
    const read = groupReads(load);
    void read(['a']);
    await turn();
    void read(['a']);
    loads[0]!.answer();
    await turn();
    await turn();
    expect(loads.map(({ keys }) => keys)).toEqual([['a'], ['a']]);
  });

  it('fail with their own load alone', async () => {
    const { loads, load } = loader();
    const read = groupReads(load);
    const first = read(['a']);
    await turn();
    const second = read(['b']);
    loads[0]!.fail(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await turn();
    await turn();
    loads[1]!.answer();
    expect(await second).toEqual(new Map([['b', '<b>']]));
  });

  it('are cut where a load would become too large', async () => {
    const { loads, load } = loader();
    const read = groupReads(load, 2);
    for (const keys of [['a'], ['b'], ['c'], ['d', 'e', 'f']]) void read(keys);
    for (const load of [0, 1, 2]) {
      await turn();
      loads[load]!.answer();
      await turn();
    }
    expect(loads.map(({ keys }) => keys)).toEqual([['a', 'b'], ['c'], ['d', 'e', 'f']]);
  });
});
