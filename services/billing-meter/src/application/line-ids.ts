import { createHash } from 'node:crypto';
import { idFromBits } from '@tollgate/contracts';

/** An id that follows from what it names, so that working a statement out again gives the same lines. */
function idFrom(prefix: string, ...parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  return idFromBits(prefix, BigInt(`0x${digest.toString('hex')}`));
}

/** Gives the lines of a statement their ids. @param issue the statement, see `issueOf` */
export function lineIds(issue: string): (tokenId: string, start: string) => string {
  return (tokenId, start) => idFrom('lin', issue, tokenId, start);
}

/** Of the adjustment, within statement `issue`, of a seat's lines in another statement. */
export function adjustmentId(issue: string, adjusted: number, tokenId: string): string {
  return idFrom('lin', issue, 'adjusts', String(adjusted), tokenId);
}

/** Names a statement: its organization and number. Also the id of its stream. */
export function issueOf(orgId: string, no: number): string {
  return `${orgId}.${no}`;
}
