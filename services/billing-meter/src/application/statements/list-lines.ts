import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingLines, decodeCursor, encodeCursor, type RawPage, type StatementLinePage } from '@tollgate/contracts';
import { LEDGERS, READ_MODEL, type Ledgers, type ReadModel } from '../ports.ts';
import { openLedger } from '../open-ledger.ts';
import type { PostedLine } from '../bookkeeping/ports.ts';
import { issuedStatement } from './list-statements.ts';
import { STATEMENTS, type Statements } from './ports.ts';
import { csvPage, jsonPage, lineAnswer } from './present.ts';

const list = billingLines.name;
const csvRows = 300;

/** The lines of a statement, in their order: a page of JSON, or CSV to the end. */
@Handles(billingLines)
export class ListLines implements OperationHandler<typeof billingLines> {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(STATEMENTS) private readonly statements: Statements,
  ) {}

  async execute({ input }: OperationMessage<typeof billingLines>): Promise<RawPage> {
    const { org: orgId, no, format, limit, cursor, atLeast } = input;
    await openLedger(this.ledgers, this.readModel, { orgId, atLeast });
    await issuedStatement(this.statements, orgId, no);
    const [of, after] =
      cursor === undefined ? [no, 0] : decodeCursor(list, orgId, cursor, ['number', 'number']).map(Number);
    const size = format === 'csv' ? csvRows : limit;
    const found = of === no ? await this.statements.lines(orgId, no, after ?? 0, size + 1) : [];
    const shown = found.slice(0, size);
    const more = found.length > size;
    const cursorAfter = (line: PostedLine) => encodeCursor(list, orgId, [no, line.lineNo]);
    if (format === 'csv') {
      const next = (rows: number) => cursorAfter(shown[rows - 1] as PostedLine);
      return csvPage(columns, shown.map(csvValues), { first: cursor === undefined, more, next });
    }
    const last = more ? shown.at(-1) : undefined;
    const page: StatementLinePage = { items: shown.map(lineAnswer), nextCursor: last ? cursorAfter(last) : null };
    return jsonPage(page);
  }
}

/** Everything that an amount is worked out from, so that a spreadsheet or the CLI can do it again. */
const columns = [
  ...['kind', 'no', 'lineNo', 'id', 'tokenId', 'accountId', 'product', 'scope', 'plan', 'billable'],
  ...['periodStart', 'periodEnd', 'intervalStart', 'intervalEnd', 'activeFrom', 'numerator', 'denominator', 'policy'],
  ...['timeZone', 'tzdb', 'unitPrice', 'priceVersion', 'beforeWeight', 'beforeAmount', 'amount', 'currency'],
  ...['adjustsStatement', 'adjustsLines', 'evidence', 'postedAt'],
];

function csvValues(posted: PostedLine): unknown[] {
  const line = lineAnswer(posted);
  const evidence = line.evidence.map(({ id, position, type }) => `${position}:${type}:${id}`).join(' ');
  const { kind, no, lineNo, id, tokenId, accountId, period, amount, postedAt } = line;
  const head = [kind, no, lineNo, id, tokenId, accountId];
  const money = [amount.amount, amount.currency];
  if (line.kind === 'adjustment') {
    const { statement, lines } = line.adjusts;
    const none = (count: number) => Array.from({ length: count }, () => null);
    return [
      ...head,
      ...none(4),
      period.start,
      period.end,
      ...none(12),
      ...money,
      statement,
      lines.join(' '),
      evidence,
      postedAt,
    ];
  }
  const { product, scope, plan, billable, interval, activeFrom, numerator, denominator, policy, timeZone, tzdb } = line;
  return [
    ...[...head, product, scope, plan, billable],
    ...[period.start, period.end, interval.start, interval.end, activeFrom, numerator, denominator, policy],
    ...[timeZone, tzdb, line.unitPrice.amount, line.priceVersion, line.before.weight, line.before.amount, ...money],
    ...[null, null, evidence, postedAt],
  ];
}
