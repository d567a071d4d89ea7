import { TollgateError } from '@tollgate/contracts';
import type { Ledger, Ledgers, ReadModel, SeatsPage } from './ports.ts';

export interface LedgerRequest {
  readonly orgId: string;
  /** The read model must have reached this position first. */
  readonly atLeast: number | undefined;
  readonly page?: SeatsPage;
}

/**
 * The ledger of an organization. One that the read model doesn't know may have been registered a moment ago, so the read
 * model catches up with the log before anybody is told that it doesn't exist.
 * @throws TollgateError READ_MODEL_BEHIND, NOT_FOUND
 */
export async function openLedger(ledgers: Ledgers, readModel: ReadModel, request: LedgerRequest): Promise<Ledger> {
  const { orgId, atLeast, page } = request;
  if (atLeast !== undefined) await readModel.waitFor(atLeast);
  const known = await ledgers.find(orgId, page);
  if (known) return known;
  await readModel.catchUp();
  const found = await ledgers.find(orgId, page);
  if (!found) throw new TollgateError('NOT_FOUND', 'There is no such organization for this caller.');
  return found;
}

/** Authority time: the wall clock, as far ahead as the development clock was moved. RFC 3339 UTC with milliseconds. */
export function authorityNow({ clockOffsetMs }: Pick<Ledger, 'clockOffsetMs'>): string {
  return new Date(Date.now() + clockOffsetMs).toISOString();
}
