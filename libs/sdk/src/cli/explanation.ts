import type { billingExplain, OutputOf, StatementLine } from '@tollgate/contracts';
import { moneyText } from './money.ts';

type Explanation = OutputOf<typeof billingExplain>;

/** An explanation to be read from top to bottom: what it costs, the events and prices it rests on, the arithmetic. */
export function renderExplanation({ line, events, prices, steps, differences }: Explanation): string {
  return [
    ...heading(line),
    '',
    'It rests on these events of the log:',
    ...aligned(events.map(({ position, at, type, id }) => [`  ${position}`, at, type, id])),
    ...prices.map(
      ({ version, product, plan, scope, price, effectiveFrom }) =>
        `  price version ${version}: ${moneyText(price)} for a ${scope} seat of ${product} on ${plan}, from ${effectiveFrom}`,
    ),
    '',
    'The arithmetic, in minor units:',
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    '',
    differences.length === 0
      ? 'Worked out again, it is the same.'
      : ['Worked out again, it is NOT the same:', ...differences.map((difference) => `  ${difference}`)].join('\n'),
  ].join('\n');
}

function heading(line: StatementLine): string[] {
  const { id, no, lineNo, tokenId, accountId, period, amount } = line;
  const common = [
    `Line ${lineNo} of statement ${no}: ${moneyText(amount)}`,
    ...aligned([
      ['  id', id],
      ['  seat of', `${tokenId}, account ${accountId}`],
      ['  period', `${period.start} … ${period.end}`],
    ]),
  ];
  if (line.kind === 'adjustment') {
    const { statement, lines } = line.adjusts;
    const named = lines.length === 0 ? 'had no line of this seat' : lines.join(', ');
    return [...common, `  adjusts  statement ${statement}, which billed ${moneyText(line.billed)}: ${named}`];
  }
  const { interval, plan, scope, product, billable, policy, timeZone } = line;
  const kind = `${scope} seat of ${product} on ${plan}${billable ? '' : ', not billable'}`;
  return [...common, `  interval ${interval.start} … ${interval.end}`, `  terms    ${kind}; ${policy} in ${timeZone}`];
}

/** Columns set apart by two spaces. */
function aligned(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => String(row[column]).length))) ?? [];
  return rows.map((row) =>
    row
      .map((value, column) => String(value).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
