import { describe, expect, it } from '@jest/globals';
import { explainLine, type PostedLine } from './explain.ts';

const eur = (amount: string) => ({ amount, currency: 'EUR' });
const line: PostedLine = {
  id: 'lin_1',
  period: { start: '2026-03-31T22:00:00.000Z', end: '2026-04-30T22:00:00.000Z' },
  interval: { start: '2026-04-15T22:00:00.000Z', end: '2026-04-30T22:00:00.000Z' },
  activeFrom: '2026-04-15T22:00:00.000Z',
  numerator: 1_296_000,
  denominator: 2_592_000,
  policy: 'second.v1',
  timeZone: 'Europe/Berlin',
  tzdb: '2026a',
  unitPrice: eur('2901'),
  before: { weight: '0', amount: '0' },
  amount: eur('1451'),
};

describe('the explanation of a line', () => {
  it('shows the arithmetic step by step, and agrees', () => {
    const { steps, amount, differences } = explainLine(line);
    expect(differences).toEqual([]);
    expect(amount).toBe('1451');
    expect(steps).toEqual([
      'second.v1 counts whole seconds, both ends floored to the second; the time zone is Europe/Berlin (tz database 2026a).',
      'The period 2026-03-31T22:00:00.000Z to 2026-04-30T22:00:00.000Z has 2592000 seconds.',
      'The interval 2026-04-15T22:00:00.000Z to 2026-04-30T22:00:00.000Z has 1296000 seconds.',
      'Multiply: 2901 × 1296000 = 3759696000.',
      'Divide once and round once, half away from zero: 3759696000 / 2592000 = 1451.',
      'The line costs 1451 EUR (minor units).',
    ]);
  });

  it('takes the parts before into account', () => {
    const second: PostedLine = {
      ...line,
      activeFrom: line.period.start,
      policy: 'day.v1',
      numerator: 15,
      denominator: 30,
      unitPrice: eur('4901'),
      before: { weight: '43515', amount: '1451' },
      amount: eur('2450'),
    };
    // (2901 × 15 + 4901 × 15) / 30 = 3901; the half before was rounded up to 1451.
    expect(explainLine(second)).toMatchObject({ amount: '2450', differences: [] });
  });

  it.each<[string, Partial<PostedLine>]>([
    ['amount', { amount: eur('1450') }],
    ['numerator', { numerator: 1_296_001 }],
    ['denominator', { denominator: 2_592_001 }],
  ])('names a wrong %s', (field, change) => {
    expect(explainLine({ ...line, ...change }).differences).toEqual([expect.stringContaining(field)]);
  });
});
