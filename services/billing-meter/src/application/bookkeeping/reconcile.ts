import { Inject, Injectable } from '@nestjs/common';
import type { ObservableResult } from '@opentelemetry/api';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { billingReconcile, type OutputOf } from '@tollgate/contracts';
import { createLogger, meter } from '@tollgate/telemetry';
import { BOOKS, FACTS, type Books, type Facts } from './ports.ts';
import { Reconciler } from './reconciler.ts';

type Report = OutputOf<typeof billingReconcile>;

const namedMax = 100;

let drift = 0;
let haltedOrganizations = 0;
meter
  .createObservableGauge('tollgate_billing_drift', { description: 'Differences that the last reconciliation found' })
  .addCallback((result: ObservableResult) => result.observe(drift));
meter
  .createObservableGauge('tollgate_billing_halted_organizations', {
    description: 'Organizations whose closing stands still',
  })
  .addCallback((result: ObservableResult) => result.observe(haltedOrganizations));

/** Compares the books of every organization with the log, and stops the closing of those that differ. */
@Injectable()
export class Reconciliation {
  readonly #logger = createLogger('reconciliation');

  constructor(
    private readonly reconciler: Reconciler,
    @Inject(BOOKS) private readonly books: Books,
    @Inject(FACTS) private readonly facts: Facts,
  ) {}

  /** Of one organization, or of all that there is time for. An organization whose books agree goes on closing. */
  async run(only?: string, ending?: AbortSignal): Promise<Report> {
    const { position } = await this.facts.caughtUp();
    await this.books.caughtUp();
    const orgIds = only === undefined ? await this.facts.registeredBetween(0, position) : [only];
    const report = { agrees: true, position, organizations: 0, statements: 0, lines: 0, events: 0 };
    const differences: string[] = [];
    const before = await this.books.halts();
    for (const orgId of orgIds) {
      if (ending?.aborted) break;
      const found = await this.reconciler.organization(orgId, position);
      report.organizations++;
      report.statements += found.statements;
      report.lines += found.lines;
      report.events += found.events;
      differences.push(...found.differences);
      const [first] = found.differences;
      if (first !== undefined) await this.books.halt(orgId, first);
      else if (before.has(orgId)) await this.books.resume(orgId);
    }
    const halts = await this.books.halts();
    if (only === undefined) drift = differences.length;
    haltedOrganizations = halts.size;
    if (differences.length > 0)
      this.#logger.error({ differences: differences.slice(0, namedMax) }, 'the books do not agree');
    return {
      ...report,
      agrees: differences.length === 0,
      differences: differences.slice(0, namedMax),
      halted: [...halts].map(([org, reason]) => ({ org, reason })),
    };
  }
}

/** The same, asked for by the operator. */
@Handles(billingReconcile)
export class Reconcile implements OperationHandler<typeof billingReconcile> {
  constructor(private readonly reconciliation: Reconciliation) {}

  execute({ input }: OperationMessage<typeof billingReconcile>): Promise<Report> {
    return this.reconciliation.run(input.org);
  }
}
