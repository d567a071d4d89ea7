import { defaultProduct } from '@tollgate/contracts';
import { digestSecret, mintSecret } from '@tollgate/credential';
import { idOf } from '@tollgate/event-log/testing';
import { randomBytes } from 'node:crypto';
import type { TestAuthority } from './test-authority.ts';

export const org = idOf('org', 1);
export const account = idOf('acc', 1);
export const space = idOf('spc', 1);

/** The default product, and an account that may list agents in one space. */
export async function openOrganization(authority: TestAuthority): Promise<void> {
  await authority.append('product-default', 'ProductRegistered', defaultProduct, null);
  await authority.append(
    `account-${account}`,
    'AccountCreated',
    { accountId: account, kind: 'service', role: 'member' },
    org,
  );
  await authority.append(
    `membership-${space}.${account}`,
    'MembershipGranted',
    { spaceId: space, accountId: account, permissions: ['agents:list'], administers: false },
    org,
  );
}

export interface TestToken {
  readonly id: string;
  readonly secret: string;
  /** Its place in the log. */
  readonly position: number;
}

let tokens = 0;

export async function createToken(
  authority: TestAuthority,
  options: { expiresAt?: string; environment?: 'live' | 'test' } = {},
): Promise<TestToken> {
  const id = idOf('tok', ++tokens);
  const { environment = 'live' } = options;
  const secret = mintSecret({ prefix: 'sk', environment, randomBytes: randomBytes(32) });
  const data = {
    tokenId: id,
    name: `Token ${tokens}`,
    accountId: account,
    scope: { type: 'multi-space' as const },
    product: 'default',
    environment,
    teamId: null,
    expiresAt: options.expiresAt ?? null,
    digest: digestSecret(secret),
    hint: 'sk_live_...0000',
    prefix: 'sk_live_',
    managed: false,
    billable: true,
    agent: null,
    imported: false,
  };
  return { id, secret, position: await authority.append(`token-${id}`, 'TokenCreated', data, org) };
}

export function revoke(authority: TestAuthority, token: TestToken): Promise<number> {
  return authority.append(`token-${token.id}`, 'TokenRevoked', { tokenId: token.id, reason: null }, org);
}
