import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import { AccountId, atLeast, Barrier, listQuery, Name, OrgId, page, Permission, Position, SpaceId } from '../values.ts';

export const Space = z
  .object({
    id: SpaceId,
    orgId: OrgId,
    name: z.string(),
    createdAt: z.string(),
    version: z.number().int(),
  })
  .meta({
    example: {
      id: exampleIds.space,
      orgId: exampleIds.org,
      name: 'Marketing',
      createdAt: '2027-01-14T09:30:00.000Z',
      version: 1,
    },
  });
export type Space = z.infer<typeof Space>;

export const Member = z.object({
  spaceId: SpaceId,
  accountId: AccountId,
  permissions: z.array(Permission),
  administers: z.boolean(),
  version: z.number().int(),
});
export type Member = z.infer<typeof Member>;

export const spacesCreate = operation({
  name: 'spaces.create',
  service: 'token-command',
  kind: 'command',
  summary: 'Create a space',
  http: { method: 'POST', path: '/v1/orgs/:org/spaces', status: 201 },
  who: ['owner', 'admin'],
  input: z.strictObject({ org: OrgId, name: Name }),
  output: z.object({ space: Space, position: Position }),
  example: { input: { name: 'Marketing' } },
});

export const spacesList = operation({
  name: 'spaces.list',
  service: 'token-command',
  kind: 'query',
  summary: 'List the spaces of an organization, oldest first',
  http: { method: 'GET', path: '/v1/orgs/:org/spaces' },
  who: ['owner', 'admin'],
  input: z.strictObject({ org: OrgId, ...listQuery, atLeast }),
  output: page(Space),
});

export const membersPut = operation({
  name: 'members.put',
  service: 'token-command',
  kind: 'command',
  summary: 'Add an account to a space, or change what it may do there',
  http: { method: 'PUT', path: '/v1/orgs/:org/spaces/:spc/members/:acc' },
  who: ['owner', 'admin', 'space-administrator'],
  input: z.strictObject({
    org: OrgId,
    spc: SpaceId,
    acc: AccountId,
    permissions: z.array(Permission).max(200),
    administers: z.boolean().default(false),
  }),
  output: z.object({ member: Member, position: Position, barrier: Barrier }),
  errors: ['ACCOUNT_DEACTIVATED'],
  narrowing: true,
});

export const membersRemove = operation({
  name: 'members.remove',
  service: 'token-command',
  kind: 'command',
  summary: 'Remove an account from a space',
  http: { method: 'DELETE', path: '/v1/orgs/:org/spaces/:spc/members/:acc' },
  who: ['owner', 'admin', 'space-administrator'],
  input: z.strictObject({ org: OrgId, spc: SpaceId, acc: AccountId }),
  output: z.object({ member: Member.extend({ removed: z.literal(true) }), position: Position, barrier: Barrier }),
  narrowing: true,
});
