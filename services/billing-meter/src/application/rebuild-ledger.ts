import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler } from '@tollgate/bus';
import { rebuildLedger, type RebuildReport } from '@tollgate/contracts';
import { LEDGER_MODEL, type LedgerModel } from './ports.ts';

/** Rebuilds statements, lines and sequences from the billing log beside the running ones, compares and switches. */
@Handles(rebuildLedger)
export class RebuildLedger implements OperationHandler<typeof rebuildLedger> {
  constructor(@Inject(LEDGER_MODEL) private readonly ledger: LedgerModel) {}

  execute(): Promise<RebuildReport> {
    return this.ledger.rebuild();
  }
}
