import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { formatPeriodStarts, formatProrationResult, parseProrationLine } from './lines.ts';
import type { BillingInterval } from './periods.ts';
import { prorate } from './prorate.ts';

function vectors<T>(file: string): (T & { id: string; note: string })[] {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')).vectors;
}

describe('published proration figures', () => {
  it.each(vectors<{ expected: string }>('proration.json'))('$id: $expected', (vector) => {
    const line = parseProrationLine(JSON.stringify(vector));
    const answer = JSON.parse(formatProrationResult(line.id, prorate(line.input)));
    expect(answer).toMatchObject({ id: vector.id, amount: vector.expected });
  });
});

describe('published period starts', () => {
  it.each(vectors<{ anchor: string; timeZone: string; interval: BillingInterval; starts: string[] }>('periods.json'))(
    '$id',
    ({ anchor, timeZone, interval, starts }) => {
      expect(formatPeriodStarts({ anchor, timeZone, interval, count: starts.length })).toEqual(starts);
    },
  );
});
