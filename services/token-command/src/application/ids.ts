import { createHash } from 'node:crypto';
import { ulid } from 'ulid';

export type IdPrefix = 'org' | 'spc' | 'acc' | 'tea' | 'prj' | 'tok';

/** A new id: the prefix and a ULID in lower case (48 bits of time, 80 random bits), so that ids sort by creation. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${ulid().toLowerCase()}`;
}

/** The agent of a managed token, and the other way round: both ids have the same characters. */
export const agentIdOf = (tokenId: string) => tokenId.replace(/^tok_/, 'agt_');
export const tokenIdOf = (agentId: string) => agentId.replace(/^agt_/, 'tok_');

const crockford = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * The id of an imported token follows from its digest, so that importing one key twice, at once or years apart, means
 * one stream: the second append finds it taken.
 */
export function importedTokenId(digest: string): string {
  const bits = createHash('sha256').update(`tollgate import ${digest}`).digest();
  let rest = BigInt(`0x${bits.subarray(0, 16).toString('hex')}`);
  let text = '';
  for (let index = 0; index < 26; index += 1) {
    text = crockford[Number(rest & 31n)] + text;
    rest >>= 5n;
  }
  return `tok_${text}`;
}
