import type { RecordedTollgateEvent } from '@tollgate/contracts';
import { defineProjection } from '@tollgate/projection';
import { wordsOf } from '../domain/words.ts';

/** The read model `token-list`: tokens, accounts and spaces as the lists show them. Derived from the log alone. */
export const tokenListProjection = defineProjection({
  name: 'token-list',
  schema: 'tokens',
  tables: {
    tokens: {
      ddl: (table) => [
        `CREATE TABLE ${table} (
        org_id text NOT NULL, id text NOT NULL, name text NOT NULL, name_words text NOT NULL, status text NOT NULL,
        account_id text NOT NULL, scope text NOT NULL, space_id text, product text NOT NULL, environment text, team_id text,
        managed boolean NOT NULL, billable boolean NOT NULL, prefix text NOT NULL, hint text NOT NULL, expires_at timestamptz,
        created_at timestamptz NOT NULL, created_by text NOT NULL, version integer NOT NULL,
        PRIMARY KEY (org_id, id))`,
        `CREATE INDEX ON ${table} (org_id, created_at, id)`,
        `CREATE INDEX ON ${table} (org_id, name, id)`,
        `CREATE INDEX ON ${table} (org_id, account_id, created_at, id)`,
      ],
    },
    accounts: {
      ddl: (table) => [
        `CREATE TABLE ${table} (
        org_id text NOT NULL, id text NOT NULL, kind text NOT NULL, role text NOT NULL, status text NOT NULL,
        created_at timestamptz NOT NULL, version integer NOT NULL,
        PRIMARY KEY (org_id, id))`,
        `CREATE INDEX ON ${table} (org_id, created_at, id)`,
      ],
    },
    spaces: {
      ddl: (table) => [
        `CREATE TABLE ${table} (
        org_id text NOT NULL, id text NOT NULL, name text NOT NULL, created_at timestamptz NOT NULL, version integer NOT NULL,
        PRIMARY KEY (org_id, id))`,
        `CREATE INDEX ON ${table} (org_id, created_at, id)`,
      ],
    },
  },
  async apply(tx, events, table) {
    for (const event of events) {
      const statement = statementOf(event, table);
      if (statement) await tx.query(...statement);
    }
  },
});

type Tables = 'tokens' | 'accounts' | 'spaces';

/** What an event does to the read model; null for events it doesn't show. */
function statementOf(event: RecordedTollgateEvent, table: (name: Tables) => string): [string, unknown[]] | null {
  const { orgId, at, version } = event;
  const changed = (name: Tables, id: string, assignments: string, values: unknown[] = []): [string, unknown[]] => [
    `UPDATE ${table(name)} SET version = $3${assignments} WHERE org_id = $1 AND id = $2`,
    [orgId, id, version, ...values],
  ];
  switch (event.type) {
    case 'TokenCreated': {
      const {
        tokenId,
        name,
        accountId,
        scope,
        product,
        environment,
        teamId,
        managed,
        billable,
        prefix,
        hint,
        expiresAt,
      } = event.data;
      return [
        `INSERT INTO ${table('tokens')} VALUES ($1, $2, $3, $4, 'active', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
        [
          orgId,
          tokenId,
          name,
          wordsOf(name),
          accountId,
          scope.type,
          scope.type === 'single-space' ? scope.spaceId : null,
          product,
          environment,
          teamId,
          managed,
          billable,
          prefix,
          hint,
          expiresAt,
          at,
          event.meta.actor.id,
          version,
        ],
      ];
    }
    case 'TokenRenamed':
      return changed('tokens', event.data.tokenId, ', name = $4, name_words = $5', [
        event.data.name,
        wordsOf(event.data.name),
      ]);
    case 'TokenRegenerated':
      return changed('tokens', event.data.tokenId, ', prefix = $4, hint = $5', [event.data.prefix, event.data.hint]);
    case 'TokenDeactivated':
      return changed('tokens', event.data.tokenId, `, status = 'inactive'`);
    case 'TokenActivated':
      return changed('tokens', event.data.tokenId, `, status = 'active'`);
    case 'TokenRevoked':
      return changed('tokens', event.data.tokenId, `, status = 'revoked'`);
    case 'AccountCreated': {
      const { accountId, kind, role } = event.data;
      return [
        `INSERT INTO ${table('accounts')} VALUES ($1, $2, $3, $4, 'active', $5, $6)`,
        [orgId, accountId, kind, role, at, version],
      ];
    }
    case 'AccountRoleChanged':
      return changed('accounts', event.data.accountId, ', role = $4', [event.data.role]);
    case 'AccountDeactivated':
      return changed('accounts', event.data.accountId, `, status = 'deactivated'`);
    case 'SpaceCreated':
      return [
        `INSERT INTO ${table('spaces')} VALUES ($1, $2, $3, $4, $5)`,
        [orgId, event.data.spaceId, event.data.name, at, version],
      ];
    default:
      return null;
  }
}
