import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Replica } from './replica.ts';

export interface TableDigest {
  readonly name: string;
  readonly rows: number;
  /** Sum of the rows' SHA-256, modulo 2^256, hex: the same for the same rows, in whatever order they are kept. */
  readonly digest: string;
}

/** Rows digested between two turns of the event loop. */
const rowsPerTurn = 2000;

/**
 * A digest of each table of a replica, equal for equal contents, however they came about. Verifications go on meanwhile;
 * the caller sees to it that no event is applied until this resolves.
 */
export async function digestReplica(replica: Replica): Promise<TableDigest[]> {
  return [
    await digestRows('credentials', replica.tokens.digests(), ({ digest, tokenId, state }) => [digest, tokenId, state]),
    await digestRows('tokens', replica.tokens, (token) => Object.values(token)),
    await digestRows('accounts', replica.accounts, (account) => Object.values(account)),
    await digestRows('memberships', replica.memberships, (membership) => Object.values(membership)),
    await digestRows('teams', replica.teams, (team) => Object.values(team)),
    await digestRows('products', replica.products, (product) => Object.values(product)),
    await digestRows('clock', [replica.clockOffsetMs], (offsetMs) => [offsetMs]),
  ];
}

/** Adds the rows' digests up, so that millions of them need neither be held nor sorted. */
async function digestRows<T>(name: string, rows: Iterable<T>, row: (item: T) => unknown[]): Promise<TableDigest> {
  const sum = new Uint8Array(32);
  let count = 0;
  for (const item of rows) {
    add(
      sum,
      createHash('sha256')
        .update(JSON.stringify(row(item)))
        .digest(),
    );
    if (++count % rowsPerTurn === 0) await turn();
  }
  return { name, rows: count, digest: Buffer.from(sum).toString('hex') };
}

function add(sum: Uint8Array, digest: Uint8Array): void {
  let carry = 0;
  for (let index = 31; index >= 0; index--) {
    carry += (sum[index] as number) + (digest[index] as number);
    sum[index] = carry & 255;
    carry >>= 8;
  }
}
