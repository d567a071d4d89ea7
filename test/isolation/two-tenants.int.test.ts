import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  accountsCreate,
  agentsCreate,
  allOperations,
  auditList,
  orgsCreate,
  projectsCreate,
  spacesCreate,
  membersPut,
  teamsAddProject,
  teamsCreate,
  tokensCreate,
  tokensList,
  type AnyOperation,
} from '@tollgate/contracts';
import { migrate } from '@tollgate/event-log';
import { startStage, type Stage } from '@tollgate/runtime/testing';
import pg from 'pg';
import { auditProjector } from '../../services/audit-projector/src/service.ts';
import { billingMeter } from '../../services/billing-meter/src/service.ts';
import { TokenCommandModule } from '../../services/token-command/src/token-command.module.ts';

/** Every read of an organization that there is: a new one is in this test by being defined. */
const reads = allOperations.filter((op) => op.kind === 'query' && !op.internal && 'org' in op.input.shape);
/** There is nothing yet that these could show: they are asked for what does not exist. */
const withoutData = ['billing.explain', 'billing.lines', 'billing.statement', 'charges.get'];

const operator = { sub: 'operator', scope: 'platform:operate' };

let stage: Stage;
let own: Tenant;
let foreign: Tenant;

beforeAll(async () => {
  stage = await startStage();
  for (const service of ['token-command', 'audit-projector'] as const) {
    const dir = fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));
    await migrate(stage.db.admin, { service, dir });
  }
  await stage.run({ name: 'token-command', module: TokenCommandModule, database: true });
  await stage.run(auditProjector);
  await stage.run(billingMeter);
  own = await tenant('Homely');
  foreign = await tenant('Rival');
}, 60_000);
afterEach(() => {
  pg.Client.prototype.query = query as typeof pg.Client.prototype.query;
});
afterAll(() => stage?.stop());

type Tenant = Awaited<ReturnType<typeof tenant>>;

/** An organization with one of everything, all of which is called by the same word. */
async function tenant(word: string) {
  const created = await stage.call(
    orgsCreate,
    {
      name: `${word} Inc.`,
      plan: 'pro',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      mcpUrl: 'https://mcp.example/mcp',
    },
    operator,
  );
  const org = created.org.id;
  const { account } = await stage.call(
    accountsCreate,
    { org, kind: 'member', name: `${word} Owner`, email: `${word}@example.com`, role: 'owner' },
    operator,
  );
  const owner = { sub: account.id };
  const { space } = await stage.call(spacesCreate, { org, name: `${word} Room` }, owner);
  await stage.call(membersPut, { org, spc: space.id, acc: account.id, permissions: ['agents:*'] }, owner);
  const { team } = await stage.call(teamsCreate, { org, name: `${word} Team` }, owner);
  const { project } = await stage.call(projectsCreate, { org, name: `${word} Project` }, owner);
  await stage.call(teamsAddProject, { org, tea: team.id, prj: project.id }, owner);
  const asked = { org, accountId: account.id, scope: { type: 'single-space', spaceId: space.id } } as const;
  const { token } = await stage.call(
    tokensCreate,
    { ...asked, name: `${word} Token`, teamId: team.id, acknowledgeBilling: true },
    owner,
  );
  const { position, agent } = await stage.call(agentsCreate, { ...asked, name: `${word} Agent` }, owner);
  await stage.call(tokensList, { org, atLeast: position }, owner);
  const { items } = await stage.call(auditList, { org, atLeast: position }, owner);
  const ids = { org, acc: account.id, spc: space.id, tea: team.id, prj: project.id, tok: token.id, agt: agent.id };
  return { word, owner, ids, entry: items[0]?.id as string };
}

/** What a read is asked with, by the name of the field. A required field that nobody has thought of is an error. */
function inputOf(op: AnyOperation, org: Tenant, things: Tenant): Record<string, unknown> {
  const { acc, spc, tea, tok } = things.ids;
  const known: Record<string, unknown> = {
    ...{ org: org.ids.org, acc, tok, accountId: acc, spaceId: spc, teamId: tea, tokenId: tok },
    ...{ client: 'vscode', no: 99, id: 'none', 'audit.proof id': things.entry },
    ...{ 'audit.consistency from': 1, 'audit.consistency to': 2 },
    ...{ 'accounts.inherited-permissions scope': 'single-space', 'billing.quote scope': 'multi-space' },
    'billing.explain id': `lin_${'0'.repeat(26)}`,
    // Of lists, searches and exports everything is asked for.
    'tokens.list accountId': undefined,
    ...{ 'audit.list spaceId': undefined, 'audit.export spaceId': undefined },
  };
  const shape = op.input.shape as Record<string, { safeParse(value: unknown): { success: boolean } }>;
  return Object.fromEntries(
    Object.entries(shape).flatMap(([field, schema]) => {
      const place = `${op.name} ${field}`;
      const value = place in known ? known[place] : known[field];
      if (value !== undefined) return [[field, value]];
      if (schema.safeParse(undefined).success) return [];
      throw new Error(`say in this test what two tenants ask ${op.name} with as ${field}`);
    }),
  );
}

/** The answer as text, or the code of the refusal. */
const ask = (op: AnyOperation, org: Tenant, things: Tenant, as: Tenant): Promise<string> =>
  stage.call(op, inputOf(op, org, things), as.owner).then(
    (answer) => JSON.stringify(answer),
    (error: { code?: string }) => `refused: ${error.code}`,
  );

const traces = ({ word, ids, entry }: Tenant) => [word, ...Object.values(ids), entry];
const tracesIn = (text: string, of: Tenant, besides: readonly unknown[] = []) =>
  traces(of).filter((trace) => text.includes(trace) && !besides.includes(trace));

const query = pg.Client.prototype.query as (...given: unknown[]) => unknown;
let forgotten = 0;

/** All services at once forget to name the organization in what they read of the token list and of the audit log. */
function forget(): void {
  forgotten = 0;
  const without = (text: string) => {
    if (!/^\s*\(?select\b/i.test(text) || !/\b"?(tokens|audit)"?\./.test(text)) return text;
    return text.replaceAll(/(?:"?\w+"?\.)?"?\borg_id"? = (\$\d+)/g, (_, value: string) => {
      forgotten++;
      return `${value}::text IS NOT NULL`;
    });
  };
  pg.Client.prototype.query = function (this: unknown, given: unknown, ...rest: unknown[]) {
    if (typeof given === 'string') return query.call(this, without(given), ...rest);
    const { name: _, ...config } = given as { name?: string; text?: string };
    if (typeof config.text !== 'string' || without(config.text) === config.text)
      return query.call(this, given, ...rest);
    return query.call(this, { ...config, text: without(config.text) }, ...rest);
  } as typeof pg.Client.prototype.query;
}

describe.each(reads.map((op) => [op.name, op] as const))('two tenants ask %s', (name, op) => {
  it('and each sees what is its own', async () => {
    const answer = await ask(op, own, own, own);
    expect(answer).not.toBe('refused: INVALID_INPUT');
    expect(answer.startsWith('refused')).toBe(withoutData.includes(name));
    expect(tracesIn(answer, foreign)).toEqual([]);
  });

  it('and see nothing by ids of the other, nor in its organization', async () => {
    const asked = Object.values(inputOf(op, own, foreign));
    expect(tracesIn(await ask(op, own, foreign, own), foreign, asked)).toEqual([]);
    expect(await ask(op, foreign, foreign, own)).toMatch(/^refused: (NOT_FOUND|FORBIDDEN)$/);
  });

  it('and see nothing of the other when the statements have forgotten whom they are for', async () => {
    forget();
    expect(tracesIn(await ask(op, own, own, own), foreign)).toEqual([]);
    const asked = Object.values(inputOf(op, own, foreign));
    expect(tracesIn(await ask(op, own, foreign, own), foreign, asked)).toEqual([]);
  });
});

describe('the second line', () => {
  const tables = async () => {
    const { rows } = await stage.db.admin.query<{ name: string; enabled: boolean; forced: boolean }>(
      `SELECT format('%I.%I', nspname, relname) AS name, relrowsecurity AS enabled, relforcerowsecurity AS forced
         FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
         JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'org_id'
        WHERE nspname IN ('tokens', 'audit', 'personal') AND relkind = 'r' ORDER BY 1`,
    );
    return rows;
  };

  it('is enabled and forced on every table with tenants', async () => {
    const open = (await tables()).filter(({ enabled, forced }) => !enabled || !forced).map(({ name }) => name);
    expect(open).toEqual([]);
    const { rows } = await stage.db.admin.query(
      `SELECT relname, reloptions FROM pg_class WHERE relkind = 'v' AND relnamespace IN ('tokens'::regnamespace, 'audit'::regnamespace)`,
    );
    for (const { reloptions } of rows) expect(reloptions).toEqual(['security_invoker=true']);
  });

  it('shows a transaction that names a tenant no names and counts of another one', async () => {
    const [ours, theirs] = [own.ids.org, foreign.ids.org];
    for (const org of [ours, theirs])
      await stage.db.admin.query(
        `INSERT INTO tokens.usage (org_id, token_id, calls) VALUES ($1, 'tok_any', 1) ON CONFLICT DO NOTHING`,
        [org],
      );
    const seen = async (tenant: string) => {
      const tx = await stage.db.pool('token-command').connect();
      try {
        await tx.query('BEGIN');
        await tx.query(`SELECT set_config('tollgate.tenant', $1, true)`, [tenant]);
        const { rows } = await tx.query<{ org: string }>(
          'SELECT DISTINCT org_id AS org FROM (SELECT org_id FROM personal.people UNION ALL SELECT org_id FROM tokens.usage) AS all_of_them',
        );
        return rows.map(({ org }) => org);
      } finally {
        await tx.query('ROLLBACK');
        tx.release();
      }
    };
    expect(await seen(ours)).toEqual([ours]);
    expect(await seen(theirs)).toEqual([theirs]);
    // Appends, reports of use, and what begins with a stream that was found.
    expect(await seen('')).toEqual(expect.arrayContaining([ours, theirs]));
  });

  it('is what holds: without it, statements that forgot show the other tenant', async () => {
    for (const { name, enabled } of await tables())
      if (enabled) await stage.db.admin.query(`ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`);
    forget();
    const leaking: string[] = [];
    for (const op of reads) if (tracesIn(await ask(op, own, own, own), foreign).length > 0) leaking.push(op.name);
    expect(forgotten).toBeGreaterThan(0);
    const lists =
      'tokens.list accounts.list spaces.list projects.list teams.list agents.list audit.list audit.export'.split(' ');
    expect(leaking).toEqual(expect.arrayContaining(lists));
  });
});
