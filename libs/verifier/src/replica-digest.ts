import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Replica } from './replica.ts';

export interface TableDigest {
  readonly name: string;
  readonly rows: number;
  /** SHA-256 over the sorted rows, hex. */
  readonly digest: string;
}

/** Rows written between two turns of the event loop. */
const rowsPerTurn = 5000;

/**
 * A digest of each table of a replica, equal for equal contents, however they came about. Verifications go on meanwhile;
 * the caller sees to it that no event is applied until this resolves.
 */
export async function digestReplica(replica: Replica): Promise<TableDigest[]> {
  return [
    await digestRows('credentials', replica.credentials, ([digest, { state, token }]) => [digest, state, token.id]),
    await digestRows('tokens', replica.tokens.values(), (token) => [
      token.id,
      token.orgId,
      token.accountId,
      token.scope,
      token.spaceId,
      token.product,
      token.environment,
      token.teamId,
      token.expiresAt,
      token.digest,
      token.status,
    ]),
    await digestRows('accounts', replica.accounts.values(), (account) => [account.id, account.kind, account.active]),
    await digestRows('memberships', memberships(replica), (row) => row),
    await digestRows('products', replica.products, ([key, routes]) => [key, routes.source]),
    await digestRows('clock', [replica.clockOffsetMs], (offsetMs) => [offsetMs]),
  ];
}

function* memberships(replica: Replica): Iterable<unknown[]> {
  for (const account of replica.accounts.values()) {
    for (const [space, permissions] of account.memberships) yield [account.id, space, [...permissions].sort()];
  }
}

async function digestRows<T>(name: string, rows: Iterable<T>, row: (item: T) => unknown[]): Promise<TableDigest> {
  const lines: string[] = [];
  for (const item of rows) {
    lines.push(JSON.stringify(row(item)));
    if (lines.length % rowsPerTurn === 0) await turn();
  }
  lines.sort();
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line).update('\n');
  return { name, rows: lines.length, digest: hash.digest('hex') };
}
