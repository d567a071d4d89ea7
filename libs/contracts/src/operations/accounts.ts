import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import {
  AccountId,
  AccountKind,
  atLeast,
  Barrier,
  Line,
  listQuery,
  Name,
  OrgId,
  page,
  Position,
  RoleName,
} from '../values.ts';

export const Account = z
  .object({
    id: AccountId,
    orgId: OrgId,
    kind: AccountKind,
    /** `erased` once the person was; the address and the subject are null then. */
    name: z.string().nullable(),
    email: z.string().nullable(),
    externalSubject: z.string().nullable(),
    role: RoleName,
    status: z.enum(['active', 'deactivated']),
    createdAt: z.string(),
    version: z.number().int(),
  })
  .meta({
    example: {
      id: exampleIds.account,
      orgId: exampleIds.org,
      kind: 'member',
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      externalSubject: null,
      role: 'owner',
      status: 'active',
      createdAt: '2027-01-14T09:30:00.000Z',
      version: 1,
    },
  });
export type Account = z.infer<typeof Account>;

const answer = z.object({ account: Account, position: Position });

export const accountsCreate = operation({
  name: 'accounts.create',
  service: 'token-command',
  kind: 'command',
  summary: 'Add an account. The operator may create the first owner; only owners make owners and admins',
  http: { method: 'POST', path: '/v1/orgs/:org/accounts', status: 201 },
  who: ['operator', 'owner', 'admin'],
  input: z.strictObject({
    org: OrgId,
    kind: AccountKind,
    name: Name,
    email: z.email('must be an e-mail address').max(320).optional(),
    role: RoleName.default('member'),
    externalSubject: Line(200).optional(),
  }),
  output: answer,
  errors: ['ALREADY_EXISTS'],
  example: {
    input: {
      kind: 'member',
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      role: 'owner',
    },
  },
});

export const accountsList = operation({
  name: 'accounts.list',
  service: 'token-command',
  kind: 'query',
  summary: 'List the accounts of an organization, oldest first',
  http: { method: 'GET', path: '/v1/orgs/:org/accounts' },
  who: ['owner', 'admin'],
  input: z.strictObject({ org: OrgId, ...listQuery, atLeast }),
  output: page(Account),
});

export const accountsGet = operation({
  name: 'accounts.get',
  service: 'token-command',
  kind: 'query',
  summary: 'Read an account',
  http: { method: 'GET', path: '/v1/orgs/:org/accounts/:acc' },
  who: ['owner', 'admin'],
  input: z.strictObject({ org: OrgId, acc: AccountId, atLeast }),
  output: Account,
});

export const accountsSetRole = operation({
  name: 'accounts.set-role',
  service: 'token-command',
  kind: 'command',
  summary: 'Change the organization role of an account',
  http: { method: 'PUT', path: '/v1/orgs/:org/accounts/:acc/role' },
  who: ['owner'],
  input: z.strictObject({ org: OrgId, acc: AccountId, role: RoleName }),
  output: answer,
  errors: ['LAST_OWNER', 'ACCOUNT_DEACTIVATED', 'VERSION_MISMATCH'],
});

export const accountsDeactivate = operation({
  name: 'accounts.deactivate',
  service: 'token-command',
  kind: 'command',
  summary: 'Off-board an account: its tokens stop at once; their seats run until they are reassigned or revoked',
  http: { method: 'POST', path: '/v1/orgs/:org/accounts/:acc/deactivate' },
  who: ['owner'],
  input: z.strictObject({ org: OrgId, acc: AccountId }),
  output: answer.extend({
    /** The tokens that stopped. */
    tokens: z
      .array(z.object({ id: z.string(), name: z.string(), status: z.string() }))
      .meta({ example: [{ id: exampleIds.token, name: 'My Claude Connection', status: 'active' }] }),
    seats: z.string().meta({ example: 'Their seats run until they are reassigned or revoked.' }),
    barrier: Barrier,
  }),
  errors: ['LAST_OWNER', 'VERSION_MISMATCH'],
  narrowing: true,
});

export const accountsErase = operation({
  name: 'accounts.erase',
  service: 'token-command',
  kind: 'command',
  summary: 'Delete the personal data of a deactivated account for good. What it did stays provable, without its name',
  http: { method: 'POST', path: '/v1/orgs/:org/accounts/:acc/erase' },
  who: ['owner'],
  input: z.strictObject({ org: OrgId, acc: AccountId }),
  output: answer,
  errors: ['ACCOUNT_ACTIVE', 'VERSION_MISMATCH'],
});
