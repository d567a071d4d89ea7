import { createInterface } from 'node:readline';
import {
  explainLine,
  formatPeriodStarts,
  formatProrationResult,
  parseProrationLine,
  prorate,
  type BillingInterval,
  type PostedLine,
} from '@tollgate/proration';
import { CommandFailure, UsageError } from '../failures.ts';
import { readStandardInput, setStatus, write } from '../process.ts';

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

type ExportedLine = PostedLine & { kind?: string; corrected?: PostedLine[]; billed?: { amount: string } };

/**
 * `tollgate billing recompute`: works the lines of an export out again, from the export alone, and says for each whether it
 * is right. Takes what `billing lines --json` prints, a page or one line after the other. Exit status 1 when any is wrong.
 */
export async function billingRecompute({ steps = false }: { steps?: boolean }): Promise<void> {
  const lines = readLines(await readStandardInput());
  let total = 0n;
  let wrong = 0;
  for (const line of lines) {
    const { steps: arithmetic, differences } = recomputed(line);
    const { amount, currency } = line.amount;
    total += BigInt(amount);
    if (differences.length > 0) wrong++;
    write(`${line.id}  ${amount} ${currency}  ${differences.length === 0 ? 'right' : differences.join('; ')}`);
    if (steps) for (const step of arithmetic) write(`  ${step}`);
  }
  write(`${lines.length} lines, ${wrong} wrong; they add up to ${total}.`);
  if (wrong > 0) setStatus(1);
}

/** An adjustment is right when its corrected lines are, and it is their sum less what was billed. */
function recomputed(line: ExportedLine): { steps: string[]; differences: string[] } {
  if (line.kind !== 'adjustment') return explainLine(line);
  const parts = (line.corrected ?? []).map((part) => explainLine(part));
  const sum = parts.reduce((all, { amount }) => all + BigInt(amount), 0n);
  const amount = sum - BigInt(line.billed?.amount ?? '0');
  const differences = parts.flatMap((part) => part.differences);
  if (String(amount) !== line.amount.amount) {
    differences.push(`amount is ${amount} and the adjustment says ${line.amount.amount}`);
  }
  return { steps: parts.flatMap((part) => part.steps), differences };
}

function readLines(text: string): ExportedLine[] {
  try {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .flatMap((line) => {
        const value = JSON.parse(line) as ExportedLine | { items: ExportedLine[] };
        return 'items' in value ? value.items : [value];
      });
  } catch (error) {
    throw new CommandFailure(`Standard input is no export of statement lines: ${(error as Error).message}`);
  }
}
