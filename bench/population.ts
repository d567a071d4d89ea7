import { createHash } from 'node:crypto';
import { defaultProduct, idDigits } from '@tollgate/contracts';
import { digestSecret, mintSecret } from '@tollgate/credential';
import { rowKinds, rowText, type RowKind, type SnapshotPage, type States } from '@tollgate/verifier';

/**
 * Who is there: organizations with 100 accounts and 10 spaces each; every account is a member of two of them and has ten
 * tokens. So 1 million tokens are 1,000 organizations with 100,000 accounts.
 */
const tokensPerAccount = 10;
const accountsPerOrganization = 100;
const spacesPerOrganization = 10;
const permissions = ['agents:list', 'agents:update', 'chat:*', 'executions:list'];

/** Below any id that is minted today, so that these stand before those in every order. */
const time = '01aaaaaaaa';

/** An id of the right shape for a number. */
export function idOf(prefix: string, number: number): string {
  let text = '';
  for (let place = 0; place < 16; place++, number = Math.floor(number / 32)) text = idDigits[number % 32] + text;
  return `${prefix}_${time}${text}`;
}

/** The secret of a token, as random as any and the same in every run. */
export function secretOf(token: number): string {
  const randomBytes = createHash('sha256').update(`bench ${token}`).digest();
  return mintSecret({ prefix: 'sk', environment: 'live', randomBytes });
}

/** Accounts that so many tokens belong to. */
const accountsFor = (tokens: number): number => Math.ceil(tokens / tokensPerAccount);
export const accountOf = (token: number): number => Math.floor(token / tokensPerAccount);
export const organizationOf = (account: number): number => Math.floor(account / accountsPerOrganization);

/** The two spaces of an account. */
export function spacesOf(account: number): [string, string] {
  const first = organizationOf(account) * spacesPerOrganization;
  const space = (n: number) => idOf('spc', first + (n % spacesPerOrganization));
  return [space(account), space(account + 3)];
}

export interface PopulationRow {
  readonly kind: number;
  readonly key: string;
  readonly state: string;
}

function row<K extends keyof States & RowKind>(kind: K, key: string, state: States[K]): PopulationRow {
  return { kind: rowKinds.indexOf(kind), key, state: rowText(kind, state) };
}

/**
 * The rows of `replica.snapshot` for a population, in their order.
 * @param digestOf the digest of a token's secret; where nobody presents them, anything that looks like one does
 */
export function* populationRows(
  tokens: number,
  digestOf = (token: number) => digestSecret(secretOf(token)),
): Iterable<PopulationRow> {
  yield row('product', 'default', { key: 'default', resources: defaultProduct.resources });
  const accounts = accountsFor(tokens);
  for (let n = 0; n < accounts; n++) {
    const id = idOf('acc', n);
    yield row('account', id, { id, kind: 'service', active: true });
  }
  for (let n = 0; n < accounts; n++) {
    const accountId = idOf('acc', n);
    for (const spaceId of spacesOf(n).sort()) {
      yield row('membership', `${accountId}.${spaceId}`, { spaceId, accountId, permissions });
    }
  }
  for (let n = 0; n < tokens; n++) {
    const id = idOf('tok', n);
    const account = accountOf(n);
    yield row('token', id, {
      id,
      orgId: idOf('org', organizationOf(account)),
      accountId: idOf('acc', account),
      spaceId: null,
      product: 'default',
      environment: 'live',
      teamId: null,
      expiresAtMs: Infinity,
      status: 'active',
      digest: digestOf(n),
      overlap: null,
    });
  }
}

/** The rows as pages of a snapshot of an otherwise empty log. */
export function* populationPages(logId: string, rows: Iterable<PopulationRow>): Iterable<SnapshotPage> {
  const rowsPerPage = 2_000;
  let lines: string[] = [];
  for (const { kind, key, state } of rows) {
    lines.push(`${kind} ${key} ${state}`);
    if (lines.length < rowsPerPage) continue;
    yield { logId, position: 0, rows: lines.join(';'), next: { kind, key } };
    lines = [];
  }
  yield { logId, position: 0, rows: lines.join(';'), next: null };
}

/** 64 hex digits for a number, a few nanoseconds each: for populations whose secrets nobody presents. */
export function quickDigestOf(token: number): string {
  let text = '';
  for (let word = 0, state = token + 1; word < 8; word++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    text += ((state ^ (state >>> 15)) >>> 0).toString(16).padStart(8, '0');
  }
  return text;
}
