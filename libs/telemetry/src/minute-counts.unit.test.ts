import { describe, expect, it } from '@jest/globals';
import { MinuteCounts } from './minute-counts.ts';

const begin = Date.parse('2027-01-01T00:00:00.000Z');
const first = { subject: { id: 'a' }, minute: '2027-01-01T00:00:00.000Z' };

function countsAt(...secondsOfUse: number[]) {
  const counts = new MinuteCounts<{ id: string }>();
  const use = (second: number) => counts.add('a', { id: 'a' }, begin + second * 1_000);
  secondsOfUse.forEach(use);
  return { use, take: (second: number, all = false) => counts.take(begin + second * 1_000, all, 10) };
}

describe('counts by minute', () => {
  it('are reported with the first of a minute, and when it is over or everything is asked for', () => {
    const { use, take } = countsAt(1);
    expect(take(1)).toEqual([{ ...first, count: 1, part: 1 }]);
    use(2);
    use(3);
    expect([take(59), take(60), take(60)]).toEqual([[], [{ ...first, count: 2, part: 2 }], []]);
    use(61);
    const second = { ...first, minute: '2027-01-01T00:01:00.000Z' };
    expect(take(61)).toEqual([{ ...second, count: 1, part: 3 }]);
    use(62);
    expect(take(63, true)).toEqual([{ ...second, count: 1, part: 4 }]);
  });

  it('of a minute that comes again, because the clock was put back, have parts of their own', () => {
    const { use, take } = countsAt(58);
    const parts = [...take(58), ...take(61)].map(({ part }) => part);
    use(59);
    expect(take(59)).toMatchObject([{ ...first, count: 1 }]);
    use(59);
    expect([...parts, ...take(61).map(({ part }) => part)]).toEqual([1, 3]);
  });
});
