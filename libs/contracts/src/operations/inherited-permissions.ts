import { z } from 'zod';
import { exampleIds } from '../example.ts';
import { operation } from '../operation.ts';
import {
  AccountId,
  atLeast,
  OrgId,
  Permission,
  ProjectId,
  ScopeType,
  SpaceId,
  TeamId,
  TeamPolicy,
  TokenId,
} from '../values.ts';

/** What a token holds by its account, space by space, and by its team. It holds nothing of its own. */
export const InheritedPermissions = z
  .object({
    /** The spaces it reaches, oldest first. */
    items: z.array(
      z.object({
        space: z.object({ id: SpaceId, name: z.string() }),
        permissions: z.array(Permission),
        administers: z.boolean(),
      }),
    ),
    /** null: without a team, every tool and no project. */
    team: z.object({ id: TeamId, name: z.string(), policy: TeamPolicy, projects: z.array(ProjectId) }).nullable(),
  })
  .meta({
    example: {
      items: [
        {
          space: { id: exampleIds.space, name: 'Marketing' },
          permissions: ['agents:list', 'chat:*'],
          administers: false,
        },
      ],
      team: null,
    },
  });
export type InheritedPermissions = z.infer<typeof InheritedPermissions>;

const shared = {
  service: 'token-command',
  kind: 'query',
  who: ['owner', 'admin'],
  output: InheritedPermissions,
} as const;

export const tokensInheritedPermissions = operation({
  ...shared,
  name: 'tokens.inherited-permissions',
  summary: 'What a token inherits from its account in each space, and from its team',
  http: { method: 'GET', path: '/v1/orgs/:org/tokens/:tok/inherited-permissions' },
  input: z.strictObject({ org: OrgId, tok: TokenId, atLeast }),
});

export const accountsInheritedPermissions = operation({
  ...shared,
  name: 'accounts.inherited-permissions',
  summary: 'What a token of this account and scope would inherit: to be shown before it is created',
  http: { method: 'GET', path: '/v1/orgs/:org/accounts/:acc/inherited-permissions' },
  input: z.strictObject({
    org: OrgId,
    acc: AccountId,
    scope: ScopeType.default('multi-space'),
    /** With `single-space`. */
    spaceId: SpaceId.optional(),
    teamId: TeamId.optional(),
    atLeast,
  }),
  errors: ['UNKNOWN_REFERENCE'],
  example: { input: { acc: 'acc_01jd0000000000000000000000', scope: 'multi-space' } },
});
