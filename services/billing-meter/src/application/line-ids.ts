import { createHash } from 'node:crypto';

const crockford = '0123456789abcdefghjkmnpqrstvwxyz';

/** An id that follows from what it names, so that working a statement out again gives the same lines. */
function idFrom(prefix: string, ...parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  let bits = BigInt(`0x${digest.toString('hex')}`);
  let text = '';
  for (let count = 0; count < 26; count++) {
    text = crockford[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return `${prefix}_${text}`;
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
