import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingExplain, TollgateError, type BillingLine, type OutputOf, type SeatTerms } from '@tollgate/contracts';
import { explainLine } from '@tollgate/proration';
import { openLedger } from '../open-ledger.ts';
import { LEDGERS, READ_MODEL, type Ledgers, type ReadModel } from '../ports.ts';
import { STATEMENTS, type EvidenceEvent, type Statements } from './ports.ts';
import { lineAnswer } from './present.ts';

type Answer = OutputOf<typeof billingExplain>;

/** What of an event matters for an amount. Nothing of a token's secret, not even its digest. */
const shownFields = [
  ...['tokenId', 'accountId', 'scope', 'product', 'environment', 'managed', 'billable', 'expiresAt', 'previous'],
  ...['plan', 'amount', 'currency', 'effectiveFrom', 'timeZone', 'billing'],
];

/** Why a line costs what it costs: the events it names, the price, and the arithmetic, done again. */
@Handles(billingExplain)
export class ExplainLine implements OperationHandler<typeof billingExplain> {
  constructor(
    @Inject(LEDGERS) private readonly ledgers: Ledgers,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
    @Inject(STATEMENTS) private readonly statements: Statements,
  ) {}

  async execute({ input }: OperationMessage<typeof billingExplain>): Promise<Answer> {
    const { org: orgId, id } = input;
    await openLedger(this.ledgers, this.readModel, { orgId, atLeast: undefined });
    const posted = await this.statements.line(orgId, id);
    if (!posted)
      throw new TollgateError('NOT_FOUND', 'There is no such line. The lines of a statement name their ids.');
    const line = lineAnswer(posted);
    const parts: BillingLine[] = line.kind === 'line' ? [line] : line.corrected;
    const positions = [...line.evidence, ...parts.flatMap(({ evidence }) => evidence)].map(({ position }) => position);
    const events = (await this.statements.evidence(orgId, [...new Set(positions)])).map(shownEvent);
    const explained = parts.map((part) => explainLine(part));
    const { currency } = line.amount;
    const correction =
      line.kind === 'line'
        ? []
        : [
            `Statement ${line.adjusts.statement} billed ${line.billed.amount} ${currency} for this seat and period; the lines above are what it should have been.`,
            `The difference is ${line.amount.amount} ${currency}.`,
          ];
    return {
      line,
      events,
      prices: events.filter(({ type }) => type === 'SeatPriceSet').map(priceOf),
      policy: parts[0]?.policy ?? 'second.v1',
      steps: [...explained.flatMap(({ steps }) => steps), ...correction],
      differences: [...explained.flatMap(({ differences }) => differences), ...unpriced(parts)].filter(Boolean),
    };
  }
}

/** A seat that costs nothing has no price version; one that costs something must have one. */
function unpriced(parts: readonly BillingLine[]): string[] {
  return parts
    .filter(({ priceVersion, unitPrice }) => priceVersion === null && unitPrice.amount !== '0')
    .map(({ id }) => `${id} has a price and names no price version`);
}

function shownEvent({ id, position, type, at, data }: EvidenceEvent): EvidenceEvent {
  const shown = Object.entries(data).filter(([field]) => shownFields.includes(field));
  return { id, position, type, at, data: Object.fromEntries(shown) };
}

function priceOf({ position, data }: EvidenceEvent): Answer['prices'][number] {
  const { product, plan, scope, amount, currency, effectiveFrom } = data as {
    product: string;
    plan: SeatTerms['plan'];
    scope: Answer['prices'][number]['scope'];
    amount: string;
    currency: string | null;
    effectiveFrom: string;
  };
  return { version: position, product, plan, scope, price: { amount, currency }, effectiveFrom };
}
