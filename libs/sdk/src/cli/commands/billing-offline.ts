import { createInterface } from 'node:readline';
import {
  formatPeriodStarts,
  formatProrationResult,
  parseProrationLine,
  prorate,
  type BillingInterval,
} from '@tollgate/proration';
import { CommandFailure, UsageError } from '../failures.ts';
import { write } from '../process.ts';

/** `tollgate billing prorate`: NDJSON from standard input, one result line for each line; stops at the first wrong one. */
export async function billingProrate(): Promise<void> {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    number++;
    if (line.trim() === '') continue;
    try {
      const { id, input } = parseProrationLine(line);
      write(formatProrationResult(id, prorate(input)));
    } catch (error) {
      throw new CommandFailure(`line ${number}: ${(error as Error).message}`);
    }
  }
}

export interface PeriodsOptions {
  anchor: string;
  timeZone: string;
  interval: string;
  count: string;
}

/** `tollgate billing periods`: the start of each period on a line, RFC 3339 UTC with seconds. */
export function billingPeriods({ anchor, timeZone, interval, count }: PeriodsOptions): void {
  try {
    const starts = formatPeriodStarts({
      anchor,
      timeZone,
      interval: interval as BillingInterval,
      count: Number(count),
    });
    write(starts.join('\n'));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
