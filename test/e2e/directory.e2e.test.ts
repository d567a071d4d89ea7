import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { McpClient } from '@tollgate/contracts';
import canonicalize from 'canonicalize';
import { createPool, type Pool } from '@tollgate/event-log';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Caller,
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
} from '../support/api.ts';
import { expectRebuildsIdentical } from '../support/promises.ts';

let stack: TestStack;
let callers: Callers;
let operator: Caller;
let admin: Caller;
let acme: Organization;
let globex: Organization;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  operator = callers.operator;
  acme = await makeOrganization(callers);
  globex = await makeOrganization(callers, { name: 'Globex', mcpUrl: 'https://mcp.globex.example/mcp' });
  const { account } = must(
    201,
    await acme.owner('POST', acme.at('/accounts'), { kind: 'member', name: 'Alan Turing', role: 'admin' }),
  );
  admin = await callers.account(acme.org.id, account.id);
}, 60_000);
afterAll(() => stack?.stop());

const acknowledged = { waitedMs: expect.any(Number), verifiers: 1, mode: 'acknowledged' };
const paths = (body: { errors: { path: string }[] }) => body.errors.map(({ path }) => path);

const makeTeam = async (name = 'Support agents') =>
  must(201, await admin('POST', acme.at('/teams'), { name })) as { team: { id: string }; position: number };
const makeProject = async ({ owner, at } = acme) =>
  must(201, await owner('POST', at('/projects'), { name: 'Revamp' })).project as { id: string };

describe('teams and projects', () => {
  it('a team has a policy and the projects it may reach', async () => {
    const { team } = await makeTeam();
    expect(team).toMatchObject({
      id: expect.stringMatching(/^tea_/),
      orgId: acme.org.id,
      name: 'Support agents',
      policy: {},
      projects: [],
      version: 1,
    });
    const policy = { allow: { tools: ['github.*', 'search'] }, deny: { tools: ['github.delete_*'] } };
    const set = must(200, await admin('PUT', acme.at(`/teams/${team.id}/policy`), policy));
    expect(set).toMatchObject({ team: { id: team.id, policy, version: 2 }, barrier: acknowledged });

    const project = await makeProject();
    expect(project).toMatchObject({ id: expect.stringMatching(/^prj_/), orgId: acme.org.id, name: 'Revamp' });
    const added = must(200, await admin('PUT', acme.at(`/teams/${team.id}/projects/${project.id}`)));
    expect(added).toMatchObject({ team: { projects: [project.id], version: 3 } });
    const listed = must(200, await admin('GET', acme.at(`/teams?limit=200&atLeast=${added.position}`)));
    expect(listed.items.at(-1)).toEqual(added.team);
    const projects = must(200, await admin('GET', acme.at(`/projects?limit=200&atLeast=${added.position}`)));
    expect(projects.items.at(-1)).toEqual(project);

    const removed = must(200, await admin('DELETE', acme.at(`/teams/${team.id}/projects/${project.id}`)));
    expect(removed).toMatchObject({ team: { projects: [], version: 4 }, barrier: acknowledged });
    const after = must(200, await admin('GET', acme.at(`/teams?limit=200&atLeast=${removed.position}`)));
    expect(after.items.at(-1)).toEqual(removed.team);
  });

  it('what is repeated changes nothing, and a narrowing change runs its barrier again', async () => {
    const { team } = await makeTeam();
    const project = await makeProject();
    const place = acme.at(`/teams/${team.id}/projects/${project.id}`);
    const policy = acme.at(`/teams/${team.id}/policy`);
    const first = must(200, await admin('PUT', policy, { allow: { tools: ['a', 'b'] } }));
    const again = must(200, await admin('PUT', policy, { allow: { tools: ['b', 'a', 'a'] } }));
    expect(again).toEqual({ ...first, barrier: acknowledged });
    const opened = must(200, await admin('PUT', place));
    expect(must(200, await admin('PUT', place))).toEqual(opened);
    const closed = must(200, await admin('DELETE', place));
    expect(must(200, await admin('DELETE', place))).toEqual({ ...closed, barrier: acknowledged });
  });

  it('a team is created once for one Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'team-1' };
    const create = (name: string) => admin('POST', acme.at('/teams'), { name }, headers);
    const first = must(201, await create('Once'));
    expect(must(201, await create('Once'))).toEqual(first);
    expect(await create('Twice')).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('lists go on where a page ended', async () => {
    const org = await makeOrganization(callers);
    for (const name of ['One', 'Two', 'Three']) must(201, await org.owner('POST', org.at('/teams'), { name }));
    const { position } = must(201, await org.owner('POST', org.at('/teams'), { name: 'Four' }));
    const names = async (query: string) => {
      const page = must(200, await org.owner('GET', org.at(`/teams?${query}`)));
      return { names: page.items.map(({ name }: { name: string }) => name), next: page.nextCursor };
    };
    const first = await names(`limit=3&atLeast=${position}`);
    expect(first.names).toEqual(['One', 'Two', 'Three']);
    expect(await names(`limit=3&cursor=${first.next}`)).toEqual({ names: ['Four'], next: null });
    expect((await acme.owner('GET', acme.at(`/teams?cursor=${first.next}`))).body.code).toBe('INVALID_CURSOR');
  });

  it('another version is refused', async () => {
    const { team } = await makeTeam();
    const put = (version: number) =>
      admin('PUT', acme.at(`/teams/${team.id}/policy`), {}, { 'if-match': `"${version}"` });
    expect(await put(2)).toMatchObject({ status: 412, body: { code: 'VERSION_MISMATCH' } });
    const answer = await put(1);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('etag')).toBe('"1"');
  });

  it('what is not there, or not of the organization, is not found', async () => {
    const { team } = await makeTeam();
    const foreign = await makeProject(globex);
    const nobody = `tea_${'0'.repeat(26)}`;
    for (const [method, path] of [
      ['PUT', `/teams/${nobody}/policy`],
      ['PUT', `/teams/${nobody}/projects/${foreign.id}`],
      ['PUT', `/teams/${team.id}/projects/${foreign.id}`],
      ['DELETE', `/teams/${team.id}/projects/${foreign.id}`],
    ] as const)
      expect(await admin(method, acme.at(path), method === 'PUT' ? {} : undefined)).toMatchObject({
        status: 404,
        body: { code: 'NOT_FOUND' },
      });
    expect((await globex.owner('PUT', globex.at(`/teams/${team.id}/policy`), {})).status).toBe(404);
  });

  it('a policy of another shape is refused with its place', async () => {
    const { team } = await makeTeam();
    const put = async (body: object) => (await admin('PUT', acme.at(`/teams/${team.id}/policy`), body)).body;
    expect(paths(await put({ allow: { tools: ['a b'] } }))).toEqual(['allow.tools[0]']);
    expect(paths(await put({ allow: ['a'] }))).toEqual(['allow']);
    expect(paths(await put({ forbid: { tools: [] } }))).toEqual(['forbid']);
  });

  it('members may not, and are told who may', async () => {
    for (const [method, path, body] of [
      ['POST', '/teams', { name: 'x' }],
      ['GET', '/teams', undefined],
      ['POST', '/projects', { name: 'x' }],
    ] as const)
      expect(await acme.member(method, acme.at(path), body)).toMatchObject({
        status: 403,
        body: { code: 'FORBIDDEN', detail: expect.stringContaining('admin') },
      });
  });

  it('each change is in the audit log, by name', async () => {
    const { team } = await makeTeam('Auditable');
    const { position } = must(
      200,
      await admin('PUT', acme.at(`/teams/${team.id}/policy`), { deny: { tools: ['rm'] } }),
    );
    const audit = must(200, await acme.owner('GET', acme.at(`/audit?target=${team.id}&atLeast=${position}`)));
    expect(audit.items).toMatchObject([
      { action: 'team.policy_set', namespace: 'Directory', after: { policy: { deny: { tools: ['rm'] } } } },
      { action: 'team.created', actor: { name: 'Alan Turing' }, targets: [{ id: team.id, name: 'Auditable' }] },
    ]);
  });
});

describe('products and prices', () => {
  const product = (key: string, overrides: object = {}) => ({
    key,
    name: 'Shop API',
    tokenPrefix: key,
    resources: [{ name: 'orders', operations: [{ name: 'list', method: 'GET', path: '/api/orders' }] }],
    ...overrides,
  });
  const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
  const seat = (overrides: object = {}) => ({
    plan: 'pro',
    scope: 'multi-space',
    price: { amount: '4200', currency: 'EUR' },
    effectiveFrom: new Date().toISOString(),
    ...overrides,
  });

  it('a product names its prefix, its resources and their routes', async () => {
    const created = must(201, await operator('POST', '/v1/products', product('shop')));
    expect(created.product).toMatchObject({
      ...product('shop'),
      environments: ['live', 'test'],
      mcpUrl: null,
      prices: { tools: [] },
    });
    // Starter prices: whoever lists or quotes a seat sees an amount, also before the operator has set one.
    expect(created.product.prices.seats).toHaveLength(6);
    expect(must(200, await operator('GET', '/v1/products/shop'))).toEqual(created.product);
    const list = must(200, await operator('GET', `/v1/products?atLeast=${created.position}`));
    expect(list.items.map(({ key }: { key: string }) => key)).toEqual(['default', 'shop']);
    expect(list.items[0].prices.seats).toHaveLength(6);
    expect(
      must(200, await acme.owner('GET', acme.at(`/billing/quote?product=shop&atLeast=${created.position}`))).recurring
        .amount,
    ).toBe('2900');

    const { secret, token, position } = await makeToken(acme, { product: 'shop' });
    expect(secret).toMatch(/^shop_live_[0-9a-f]{64}_[0-9A-Za-z]{6}$/);
    const decision = await callers.verifier('POST', '/v1/verify', {
      token: secret,
      product: 'shop',
      atLeast: position,
    });
    expect(must(200, decision)).toMatchObject({ valid: true, tokenId: token.id });
  });

  it('without environments, a secret has no environment part', async () => {
    must(201, await operator('POST', '/v1/products', product('prod', { environments: [] })));
    const { secret, token } = await makeToken(acme, { product: 'prod' });
    expect(secret).toMatch(/^prod_[0-9a-f]{64}_[0-9A-Za-z]{6}$/);
    expect(token.environment).toBeNull();
  });

  it('key and prefix are its own', async () => {
    const taken = { status: 409, body: { code: 'ALREADY_EXISTS' } };
    const byKey = await operator('POST', '/v1/products', product('default', { tokenPrefix: 'other' }));
    expect(byKey).toMatchObject(taken);
    expect(paths(byKey.body)).toEqual(['key']);
    const byPrefix = await operator('POST', '/v1/products', product('second', { tokenPrefix: 'sk' }));
    expect(byPrefix).toMatchObject(taken);
    expect(paths(byPrefix.body)).toEqual(['tokenPrefix']);
  });

  it('what is there twice or by half is refused with its place', async () => {
    const create = async (operations: object[]) =>
      operator('POST', '/v1/products', product('bad', { resources: [{ name: 'orders', operations }] }));
    const twice = await create([{ name: 'list' }, { name: 'list' }]);
    expect(twice).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } });
    expect(paths(twice.body)).toEqual(['resources[0].operations[1].name']);
    expect(paths((await create([{ name: 'list', method: 'GET' }])).body)).toEqual(['resources[0].operations[0].path']);
    expect((await operator('GET', '/v1/products/bad')).status).toBe(404);
  });

  it('a price holds from its instant on', async () => {
    const { position, product: priced } = must(200, await operator('PUT', '/v1/products/default/prices', seat()));
    expect(priced.prices.seats.at(-1)).toMatchObject({ price: { amount: '4200', currency: 'EUR' } });
    const quote = () => acme.owner('GET', acme.at(`/billing/quote?scope=multi-space&atLeast=${position}`));
    expect(must(200, await quote()).recurring).toEqual({ amount: '4200', currency: 'EUR' });
    const later = seat({ price: { amount: '9900', currency: 'EUR' }, effectiveFrom: inAnHour() });
    const set = must(200, await operator('PUT', '/v1/products/default/prices', later));
    expect(must(200, await operator('PUT', '/v1/products/default/prices', later))).toEqual(set);
    expect(must(200, await quote()).recurring.amount).toBe('4200');
  });

  it('a tool has a price per call', async () => {
    const { product: priced } = must(
      200,
      await operator('PUT', '/v1/products/default/prices', {
        tool: 'search',
        priceMicros: '1500',
        effectiveFrom: inAnHour(),
      }),
    );
    expect(priced.prices.tools).toMatchObject([{ tool: 'search', priceMicros: '1500' }]);
  });

  it('a price in the past is refused, and so is half a price or two', async () => {
    const put = (body: object, key = 'default') => operator('PUT', `/v1/products/${key}/prices`, body);
    const past = await put(seat({ effectiveFrom: '2026-01-01T00:00:00Z' }));
    expect(past).toMatchObject({ status: 422, body: { code: 'PRICE_IN_PAST' } });
    expect(paths(past.body)).toEqual(['effectiveFrom']);
    const both = await put(seat({ tool: 'search', priceMicros: '1' }));
    expect(both).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } });
    expect(paths(both.body)).toEqual(['plan', 'scope', 'price']);
    expect(paths((await put({ tool: 'search', effectiveFrom: inAnHour() })).body)).toEqual(['priceMicros']);
    expect(paths((await put(seat({ price: { amount: '-1', currency: 'EUR' } }))).body)).toEqual(['price.amount']);
    expect((await put(seat(), 'nothing')).status).toBe(404);
  });

  it("are the operator's", async () => {
    for (const [method, path, body] of [
      ['POST', '/v1/products', product('mine')],
      ['GET', '/v1/products', undefined],
      ['PUT', '/v1/products/default/prices', seat()],
    ] as const)
      expect(await acme.owner(method, path, body)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  });
});

describe('inherited permissions', () => {
  it('a multi-space token holds what its account holds, space by space; a single-space token in its own', async () => {
    const org = await makeOrganization(callers);
    const { owner, at, service, space } = org;
    const { space: sales } = must(201, await owner('POST', at('/spaces'), { name: 'Sales' }));
    const { position } = must(
      200,
      await owner('PUT', at(`/spaces/${sales.id}/members/${service.id}`), { permissions: ['*'], administers: true }),
    );
    const held = [
      { space: { id: space.id, name: 'Marketing' }, permissions: ['agents:*', 'chat:chat'], administers: false },
      { space: { id: sales.id, name: 'Sales' }, permissions: ['*'], administers: true },
    ];
    const before = async (query: string) =>
      must(200, await owner('GET', at(`/accounts/${service.id}/inherited-permissions?${query}&atLeast=${position}`)));
    expect(await before('scope=multi-space')).toEqual({ items: held, team: null });
    expect(await before(`scope=single-space&spaceId=${sales.id}`)).toEqual({ items: [held[1]], team: null });

    const of = async (scope: object) => {
      const { token } = await makeToken(org, { scope });
      return must(200, await owner('GET', at(`/tokens/${token.id}/inherited-permissions`)));
    };
    expect(await of({ type: 'multi-space' })).toEqual({ items: held, team: null });
    expect(await of({ type: 'single-space', spaceId: space.id })).toEqual({ items: [held[0]], team: null });
  });

  it('follow the account and the team at once', async () => {
    const org = await makeOrganization(callers);
    const { owner, at, service, space } = org;
    const { team } = must(201, await owner('POST', at('/teams'), { name: 'Robots' }));
    const { token } = await makeToken(org, { teamId: team.id });
    must(200, await owner('PUT', at(`/teams/${team.id}/policy`), { deny: { tools: ['rm'] } }));
    const { position } = must(200, await owner('DELETE', at(`/spaces/${space.id}/members/${service.id}`)));
    expect(must(200, await owner('GET', at(`/tokens/${token.id}/inherited-permissions?atLeast=${position}`)))).toEqual({
      items: [],
      team: { id: team.id, name: 'Robots', policy: { deny: { tools: ['rm'] } }, projects: [] },
    });
  });

  it('are refused for what is not there, and to members', async () => {
    const { owner, at, service, memberId } = acme;
    const ask = (acc: string, query: string) => owner('GET', at(`/accounts/${acc}/inherited-permissions?${query}`));
    expect(paths((await ask(service.id, 'scope=single-space')).body)).toEqual(['spaceId']);
    expect(paths((await ask(service.id, `spaceId=${acme.space.id}`)).body)).toEqual(['spaceId']);
    expect(await ask(service.id, `scope=single-space&spaceId=${globex.space.id}`)).toMatchObject({
      status: 422,
      body: { code: 'UNKNOWN_REFERENCE' },
    });
    expect(await ask(globex.service.id, '')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const { token } = await makeToken(acme, { accountId: memberId });
    expect((await acme.member('GET', at(`/tokens/${token.id}/inherited-permissions`))).status).toBe(403);
    expect((await globex.owner('GET', globex.at(`/tokens/${token.id}/inherited-permissions`))).status).toBe(404);
  });
});

describe('MCP configuration', () => {
  it('every client reads its own shape, and never the secret', async () => {
    const { token, secret } = await makeToken(globex);
    const config = async (client: string) =>
      must(200, await globex.owner('GET', globex.at(`/tokens/${token.id}/mcp.json?client=${client}`)));
    expect(await config('vscode')).toEqual({
      servers: {
        'my-claude-connection': {
          type: 'http',
          url: 'https://mcp.globex.example/mcp',
          headers: { Authorization: 'Bearer ${input:agent_token}' },
        },
      },
      inputs: [{ type: 'promptString', id: 'agent_token', description: expect.any(String), password: true }],
    });
    expect((await config('claude-code')).mcpServers['my-claude-connection'].headers.Authorization).toBe(
      'Bearer ${AGENT_TOKEN}',
    );
    for (const client of McpClient.options) {
      const text = JSON.stringify(await config(client));
      expect(text).toContain('https://mcp.globex.example/mcp');
      expect(text).not.toContain(secret.split('_')[2]);
    }
  });

  it('the install link gives the configuration back', async () => {
    const { token } = await makeToken(globex);
    const { url } = must(200, await globex.owner('GET', globex.at(`/tokens/${token.id}/install/vscode`)));
    expect(JSON.parse(decodeURIComponent(url.slice('vscode:mcp/install?'.length)))).toEqual({
      name: 'my-claude-connection',
      type: 'http',
      url: 'https://mcp.globex.example/mcp',
      headers: { Authorization: 'Bearer ${input:agent_token}' },
      inputs: [expect.objectContaining({ id: 'agent_token', password: true })],
    });
  });

  it("is the product's server where the organization has none, and refused where nobody has one", async () => {
    const { token: homeless } = await makeToken(acme);
    const answer = await acme.owner('GET', acme.at(`/tokens/${homeless.id}/mcp.json?client=cursor`));
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'MCP_URL_MISSING', detail: expect.stringContaining('mcpUrl') },
    });
    const resources = [{ name: 'tools', operations: [{ name: 'call' }] }];
    const mcpUrl = 'https://mcp.tools.example/mcp';
    must(
      201,
      await operator('POST', '/v1/products', { key: 'tools', name: 'Tools', tokenPrefix: 'tl', mcpUrl, resources }),
    );
    const { token } = await makeToken(acme, { product: 'tools' });
    const { mcpServers } = must(200, await acme.owner('GET', acme.at(`/tokens/${token.id}/mcp.json?client=cursor`)));
    expect(mcpServers['my-claude-connection'].url).toBe(mcpUrl);
  });

  it('is for whoever sees the token', async () => {
    const { token: own } = await makeToken(globex, { accountId: globex.memberId });
    const { token: other } = await makeToken(globex);
    const ask = (tok: string, query = '') => globex.member('GET', globex.at(`/tokens/${tok}/mcp.json${query}`));
    expect((await ask(own.id)).status).toBe(200);
    expect((await ask(other.id)).status).toBe(404);
    expect((await globex.member('GET', globex.at(`/tokens/${other.id}/install/vscode`))).status).toBe(404);
    expect(paths((await ask(own.id, '?client=emacs')).body)).toEqual(['client']);
  });
});

describe('what an organization and a product are called, and their MCP servers', () => {
  it('change later: of the organization by its owner or the operator, and the next mcp.json shows it', async () => {
    const own = await makeOrganization(callers);
    const { token } = await makeToken(own);
    const urlNow = async () => {
      const { servers } = must(200, await own.owner('GET', own.at(`/tokens/${token.id}/mcp.json?client=vscode`)));
      return (Object.values(servers) as { url: string }[])[0]?.url;
    };
    const mcpUrl = 'https://mcp.acme.example/mcp';
    const changed = must(200, await own.owner('PATCH', own.at(''), { mcpUrl }, { 'if-match': '"1"' }));
    expect(changed).toMatchObject({ org: { name: 'Acme', mcpUrl, version: 2 }, position: expect.any(Number) });
    expect(must(200, await own.owner('GET', own.at('')))).toEqual(changed.org);
    expect(await urlNow()).toBe(mcpUrl);
    must(200, await operator('PATCH', own.at(''), { name: 'Acme Industries', mcpUrl: 'https://new.acme.example/mcp' }));
    expect(await urlNow()).toBe('https://new.acme.example/mcp');

    expect((await own.owner('PATCH', own.at(''), { mcpUrl }, { 'if-match': '"1"' })).status).toBe(412);
    expect((await own.member('PATCH', own.at(''), { mcpUrl })).status).toBe(403);
    expect((await globex.owner('PATCH', own.at(''), { mcpUrl })).status).toBe(404);
    expect(paths((await own.owner('PATCH', own.at(''), { mcpUrl: 'ftp://x' })).body)).toEqual(['mcpUrl']);
    expect(paths((await own.owner('PATCH', own.at(''), { currency: 'USD' })).body)).toEqual(['currency']);

    const { items } = must(200, await own.owner('GET', own.at('/audit?action=organization.changed')));
    expect(items).toMatchObject([
      { before: { name: 'Acme', mcpUrl }, after: { name: 'Acme Industries' }, targets: [{ name: 'Acme Industries' }] },
      { before: { mcpUrl: null }, after: { mcpUrl } },
    ]);
  });

  it('of a product by the operator alone; null takes the server away', async () => {
    const key = `shop${Date.now()}`;
    const resources = [{ name: 'orders', operations: [{ name: 'list' }] }];
    const shop = { key, name: 'Shop', tokenPrefix: `s${Date.now() % 1e9}`, resources };
    must(201, await operator('POST', '/v1/products', shop));
    const mcpUrl = 'https://mcp.shop.example/mcp';
    const at = `/v1/products/${key}`;
    const { product } = must(200, await operator('PATCH', at, { name: 'Shop API', mcpUrl }));
    expect(product).toMatchObject({ key, name: 'Shop API', mcpUrl });
    expect(must(200, await operator('GET', at))).toEqual(product);
    expect(must(200, await operator('PATCH', at, { mcpUrl: null })).product).toMatchObject({ mcpUrl: null });
    expect((await globex.owner('PATCH', at, { mcpUrl })).status).toBe(403);
    expect((await operator('PATCH', '/v1/products/nothing', { mcpUrl })).status).toBe(404);
    expect(paths((await operator('PATCH', at, { tokenPrefix: 'x' })).body)).toEqual(['tokenPrefix']);
  });
});

describe('the response to leaks', () => {
  it('is to revoke until the owner chooses otherwise', async () => {
    const { owner, at, org } = globex;
    expect(org.leakResponse).toBe('revoke');
    const chosen = must(200, await owner('PUT', at('/leak-response'), { response: 'deactivate' }));
    expect(chosen).toMatchObject({ org: { leakResponse: 'deactivate', version: 2 } });
    expect(must(200, await owner('GET', at('')))).toEqual(chosen.org);
    expect((await admin('PUT', acme.at('/leak-response'), { response: 'deactivate' })).status).toBe(403);
    expect(paths((await owner('PUT', at('/leak-response'), { response: 'ignore' })).body)).toEqual(['response']);
  });
});

describe('erasing a person', () => {
  const person = { name: 'Wilhelmina Zyxwv', email: 'wz@zyxwv.example', externalSubject: 'idp|zyxwv' };
  let pool: Pool;
  beforeAll(() => {
    pool = createPool(stack.secrets.databaseAdminUrl, { name: 'dump', max: 1 });
  });
  afterAll(() => pool?.end());

  /** The tables, whoever owns them, in which a row says it. */
  async function tablesWith(text: string): Promise<string[]> {
    const { rows: tables } = await pool.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const { rows } = await pool.query(`SELECT 1 FROM ${name} AS t WHERE t::text ILIKE $1 LIMIT 1`, [`%${text}%`]);
      if (rows.length > 0) found.push(name);
    }
    return found;
  }

  it('deletes the name everywhere, for good; what was done stays', async () => {
    const org = await makeOrganization(callers);
    const { owner, at } = org;
    const headers = { 'idempotency-key': 'hire-1', 'user-agent': 'zyxwv-browser/1.0' };
    const body = { kind: 'member', role: 'admin', ...person };
    const hired = must(201, await owner('POST', at('/accounts'), body, headers));
    const acc = hired.account.id;
    const herself = await callers.account(org.org.id, acc);
    const space = must(201, await herself('POST', at('/spaces'), { name: 'Hers' }, { 'user-agent': 'zyxwv/2' }));
    const { token } = await makeToken(org, { accountId: acc });
    expect(await tablesWith('zyxwv')).toEqual(['personal.people', 'personal.requests']);
    // Nor can a guessed name be confirmed: what is kept of the request under its key is a keyed hash.
    const kept = await pool.query('SELECT request_hash FROM log.idempotency WHERE key = $1', ['hire-1']);
    const guesses = [{ ...body, org: org.org.id }, body].map((guess) =>
      createHash('sha256')
        .update(canonicalize(guess) ?? '')
        .digest('hex'),
    );
    expect(kept.rows).toEqual([{ request_hash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    for (const guess of guesses) expect(await tablesWith(guess)).toEqual([]);

    const erase = (caller = owner) => caller('POST', at(`/accounts/${acc}/erase`));
    expect(await erase()).toMatchObject({
      status: 409,
      body: { code: 'ACCOUNT_ACTIVE', detail: expect.stringContaining('/deactivate') },
    });
    expect((await erase(herself)).status).toBe(403);
    must(200, await owner('POST', at(`/accounts/${acc}/deactivate`)));
    const erased = must(200, await erase());
    const nameless = { id: acc, name: 'erased', email: null, externalSubject: null, status: 'deactivated' };
    expect(erased.account).toMatchObject({ ...nameless, version: 3 });

    // The owner's own request, with which she was hired, is the owner's personal data.
    expect(await tablesWith('Wilhelmina')).toEqual([]);
    expect(await tablesWith('@zyxwv')).toEqual([]);
    expect(await tablesWith('idp|zyxwv')).toEqual([]);
    expect(await tablesWith('zyxwv/2')).toEqual([]);

    const after = `atLeast=${erased.position}`;
    expect(must(200, await owner('GET', at(`/accounts/${acc}?${after}`)))).toEqual(erased.account);
    const accounts = must(200, await owner('GET', at(`/accounts?${after}`)));
    expect(accounts.items.find(({ id }: { id: string }) => id === acc)).toEqual(erased.account);
    const tokens = must(200, await owner('GET', at(`/tokens?accountId=${acc}&${after}`)));
    expect(tokens.items).toMatchObject([{ id: token.id, account: { id: acc, name: 'erased' } }]);
    const audit = must(200, await owner('GET', at(`/audit?actor=${acc}&${after}`)));
    expect(audit.items).toMatchObject([
      { action: 'space.created', actor: { id: acc, name: 'erased' }, context: { ip: 'erased', userAgent: 'erased' } },
    ]);
    expect(audit.items[0].position).toBe(space.position);
    const replayed = must(201, await owner('POST', at('/accounts'), body, headers));
    expect(replayed.account).toMatchObject({ id: acc, name: 'erased', email: null, externalSubject: null });
    expect(await tablesWith('Wilhelmina')).toEqual([]);
  });

  it('is done once, and a repeated call ends what a crash left undone', async () => {
    const { owner, at, org } = acme;
    const { account } = must(201, await owner('POST', at('/accounts'), { kind: 'member', name: 'Zyxwv Quick' }));
    must(200, await owner('POST', at(`/accounts/${account.id}/deactivate`)));
    const first = must(200, await owner('POST', at(`/accounts/${account.id}/erase`)));
    await pool.query('INSERT INTO personal.people (account_id, org_id, name) VALUES ($1, $2, $3)', [
      account.id,
      org.id,
      'Zyxwv Quick',
    ]);
    expect(must(200, await owner('POST', at(`/accounts/${account.id}/erase`)))).toEqual(first);
    expect(await tablesWith('Zyxwv Quick')).toEqual([]);
  });

  it('is for owners, in their organization', async () => {
    expect((await admin('POST', acme.at(`/accounts/${acme.memberId}/erase`))).status).toBe(403);
    expect((await globex.owner('POST', globex.at(`/accounts/${acme.memberId}/erase`))).status).toBe(404);
  });
});

describe('after all of that', () => {
  it('every read model equals its rebuild', () => expectRebuildsIdentical(callers));
});
