import { createHash, randomFillSync } from 'node:crypto';
import { idFromBits } from '@tollgate/contracts';
import { ulid } from 'ulid';

export type IdPrefix = 'org' | 'spc' | 'acc' | 'tea' | 'prj' | 'tok';

const random = Buffer.alloc(4_096);
let used = random.length;

/** In [0, 1), from the system's CSPRNG, many at a time: a ULID asks 16 times, and each question to the system is dear. */
function nextRandom(): number {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  return random[used++]! / 256;
}

/** A new id: the prefix and a ULID in lower case (48 bits of time, 80 random bits), so that ids sort by creation. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${ulid(undefined, nextRandom).toLowerCase()}`;
}

/** The agent of a managed token, and the other way round: both ids have the same characters. */
export const agentIdOf = (tokenId: string) => tokenId.replace(/^tok_/, 'agt_');
export const tokenIdOf = (agentId: string) => agentId.replace(/^agt_/, 'tok_');

/**
 * The id of an imported token follows from its digest, so that importing one key twice, at once or years apart, means
 * one stream: the second append finds it taken.
 */
export function importedTokenId(digest: string): string {
  const bits = createHash('sha256').update(`tollgate import ${digest}`).digest();
  return idFromBits('tok', BigInt(`0x${bits.subarray(0, 16).toString('hex')}`));
}
