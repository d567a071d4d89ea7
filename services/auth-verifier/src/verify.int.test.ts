import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { headers as createHeaders, type MsgHdrs } from '@nats-io/transport-node';
import { connectBus } from '@tollgate/bus';
import { rebuildCredentials } from '@tollgate/contracts';
import { VerifyCalls } from './application/verify-calls.ts';
import { createToken, openOrganization, org, revoke, space, type TestToken } from './testing/organization.ts';
import { startStage, until, type Stage } from './testing/stage.ts';

let stage: Stage;
let first: TestToken;

beforeAll(async () => {
  stage = await startStage(async (authority) => {
    await openOrganization(authority);
    first = await createToken(authority);
  });
  await until('the service is ready', async () => (await stage.get('/readyz')).status === 200);
});

afterAll(() => stage?.stop());

const verify = (body: unknown) => stage.post('/v1/verify', body);

describe('POST /v1/verify', () => {
  it('answers 200 for every decision', async () => {
    const held = await verify({ token: first.secret, space, resource: 'agents', operation: 'list' });
    expect(held).toMatchObject({
      status: 200,
      body: { valid: true, code: 'OK', tokenId: first.id, orgId: org, spaces: [space], position: first.position },
    });
    expect(held.body.leaseRemainingMs).toBeGreaterThan(1000);
    expect(held.body.leaseRemainingMs).toBeLessThanOrEqual(2000);
    expect(await verify({ token: first.secret, space, resource: 'agents', operation: 'delete' })).toMatchObject({
      status: 200,
      body: { code: 'PERMISSION_DENIED' },
    });
    expect(await verify({ token: 'nothing of ours' })).toMatchObject({
      status: 200,
      body: { code: 'TOKEN_INVALID', reason: 'unknown' },
    });
    expect(await verify({ token: '' })).toMatchObject({ status: 200, body: { code: 'TOKEN_MISSING' } });
  });

  it('refuses wrong input before it decides anything', async () => {
    expect(await verify({ token: first.secret, colour: 'red' })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_INPUT', errors: [{ path: 'colour' }] },
    });
    expect(await verify({ token: first.secret, resource: 'agents' })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_INPUT' },
    });
    expect(await verify({ token: first.secret, resource: 'agents', operation: 'list' })).toMatchObject({
      status: 400,
      body: { code: 'SPACE_REQUIRED' },
    });
    expect(await verify('{')).toMatchObject({ status: 400, body: { code: 'INVALID_JSON' } });
  });

  it('asks who calls before it looks at the input', async () => {
    const bearers = {
      none: '',
      rubbish: 'Bearer rubbish',
      expired: await stage.issuer.authorization({ sub: 's', scope: 'tokens:verify', expiresInSeconds: -10 }),
      otherScope: await stage.issuer.authorization({ sub: 's', scope: 'billing:read' }),
      operator: await stage.issuer.authorization({ sub: 'operator', scope: 'platform:operate' }),
      organization: await stage.issuer.authorization({ sub: 's', org, scope: 'tokens:verify' }),
    };
    const answers = await Promise.all(
      Object.entries(bearers).map(async ([who, authorization]) => {
        const { status, body, headers } = await stage.post('/v1/verify', '{', { authorization });
        return [who, status, body.code, headers.get('content-type')];
      }),
    );
    expect(answers).toEqual([
      ['none', 401, 'UNAUTHENTICATED', 'application/problem+json'],
      ['rubbish', 401, 'UNAUTHENTICATED', 'application/problem+json'],
      ['expired', 401, 'UNAUTHENTICATED', 'application/problem+json'],
      ['otherScope', 403, 'FORBIDDEN', 'application/problem+json'],
      ['operator', 403, 'FORBIDDEN', 'application/problem+json'],
      ['organization', 403, 'FORBIDDEN', 'application/problem+json'],
    ]);
  });
});

describe('POST /v1/verify/batch', () => {
  it('decides each request in its place', async () => {
    const { status, body } = await stage.post('/v1/verify/batch', {
      requests: [{ token: first.secret }, {}, { token: 'x', strict: true }],
    });
    expect(status).toBe(200);
    expect(body.decisions?.map(({ code }) => code)).toEqual(['OK', 'TOKEN_MISSING', 'TOKEN_INVALID']);
  });

  it('takes 1 to 100 requests', async () => {
    expect((await stage.post('/v1/verify/batch', { requests: [] })).status).toBe(400);
    expect((await stage.post('/v1/verify/batch', { requests: Array(101).fill({}) })).status).toBe(400);
    expect((await stage.post('/v1/verify/batch', { requests: Array(100).fill({}) })).body.decisions).toHaveLength(100);
  });
});

interface Described {
  endpoints: { subject: string; num_requests: number }[];
}

describe('tollgate.v1.tokens.verify', () => {
  const request = (body: string) => stage.outside.request('tollgate.v1.tokens.verify', body, { timeout: 3000 });

  it('answers any NATS client that may publish there, with plain JSON', async () => {
    const reply = await request(JSON.stringify({ token: first.secret, space, method: 'GET', path: '/api/agent-base' }));
    expect(reply.headers?.get('Nats-Service-Error-Code') ?? '').toBe('');
    expect(reply.json()).toMatchObject({ valid: true, code: 'OK', tokenId: first.id });
    const batch = await stage.outside.request('tollgate.v1.tokens.verify-batch', JSON.stringify({ requests: [{}] }));
    expect(batch.json()).toMatchObject({ decisions: [{ code: 'TOKEN_MISSING' }] });
  });

  it('takes an empty message for a request without a token', async () => {
    expect((await request('')).json()).toMatchObject({ code: 'TOKEN_MISSING' });
  });

  it('refuses with the headers of the NATS Services API and the problem as body', async () => {
    const reply = await request('{"colour":"red"}');
    expect(reply.headers?.get('Nats-Service-Error-Code')).toBe('400');
    expect(reply.headers?.get('Nats-Service-Error')).toMatch(/^INVALID_INPUT: /);
    expect(reply.json()).toMatchObject({ status: 400, code: 'INVALID_INPUT', errors: [{ path: 'colour' }] });
  });

  it('is listed by the NATS Services API', async () => {
    const info = (await stage.outside.request('$SRV.INFO.auth-verifier', '')).json<Described>();
    const subjects = info.endpoints.map(({ subject }) => subject);
    expect(subjects).toEqual(expect.arrayContaining(['tollgate.v1.tokens.verify', 'tollgate.v1.tokens.verify-batch']));
    const stats = (await stage.outside.request('$SRV.STATS.auth-verifier', '')).json<Described>();
    const endpoint = stats.endpoints.find(({ subject }) => subject === 'tollgate.v1.tokens.verify');
    expect(endpoint).toMatchObject({ queue_group: 'q', num_errors: 1 });
    expect(endpoint?.num_requests).toBeGreaterThanOrEqual(3);
  });
});

describe('a verification that is answered at once', () => {
  /** What every answer has of its own. */
  const plain = (text: string) =>
    text.replaceAll(/"(decisionId|requestId)":"[^"]*"|"leaseRemainingMs":\d+/g, '"own":0');
  const bodies = () =>
    [
      ...[
        {},
        { space },
        { space, resource: 'agents', operation: 'list' },
        { space, resource: 'agents', operation: 'x' },
      ],
      ...[{ resource: 'agents' }, { resource: 'agents', operation: 'list' }, { space: 'spc_1' }, { colour: 'red' }],
      ...[{ space, method: 'GET', path: '/api/agent-base' }, { environment: 'test' }, { environment: 'prod' }],
      ...[
        { product: 'p' },
        { project: 'p' },
        { tool: 't' },
        { tool: 1 },
        { strict: true },
        { atLeast: 1 },
        { atLeast: -1 },
      ],
      ...[{ token: '' }, { token: 'x' }, { token: 'sk_live_ü' }, { token: null }, { token: 'x'.repeat(5000) }],
      ...[{ token: `sk_live_${'0'.repeat(64)}_000000` }, { ['__proto__']: 'x' }, { tool: '\ud800' }],
    ].map((wishes) => JSON.stringify({ token: first.secret, ...wishes }));
  const texts = () => [...bodies(), '', '{', '[]', 'null', '"x"', '{"token":"x","token":""}', '\ufeff{}'];

  /** The two ways are told apart by what is called for each. */
  const taken = async (ask: () => Promise<void>): Promise<number> => {
    const spy = jest.spyOn(stage.service.app.get(VerifyCalls), 'verifyAtOnce');
    await ask();
    const times = spy.mock.results.filter(({ type, value }) => type === 'return' && value !== null).length;
    spy.mockRestore();
    return times;
  };

  it('over HTTP is the one that Fastify answers, to the byte', async () => {
    const answersTo = async (type: string) => {
      const answers: unknown[] = [];
      for (const body of texts()) {
        const headers = { 'content-type': type, authorization: stage.authorization };
        const response = await fetch(`${stage.service.url}/v1/verify`, { method: 'POST', headers, body });
        const { 'content-length': _, date: _date, ...others } = Object.fromEntries(response.headers);
        answers.push([body, response.status, others, plain(await response.text())]);
      }
      return answers;
    };
    await answersTo('application/json');
    let [atOnce, ordinary]: [unknown, unknown] = [null, null];
    expect(await taken(async () => void (atOnce = await answersTo('application/json')))).toBeGreaterThan(10);
    expect(await taken(async () => void (ordinary = await answersTo('application/json;charset=utf-8')))).toBe(0);
    expect(atOnce).toEqual(ordinary);
  });

  it('over NATS is the one that comes with headers, to the byte', async () => {
    const answersTo = async (headers?: MsgHdrs) => {
      const answers: unknown[] = [];
      for (const body of texts()) {
        const options = { timeout: 3000, ...(headers ? { headers } : {}) };
        const reply = await stage.outside.request('tollgate.v1.tokens.verify', body, options);
        answers.push([body, reply.headers?.get('Nats-Service-Error') ?? '', plain(reply.string())]);
      }
      return answers;
    };
    const headers = createHeaders();
    headers.set('Tollgate-Request-Id', 'r1');
    let [atOnce, ordinary]: [unknown, unknown] = [null, null];
    expect(await taken(async () => void (atOnce = await answersTo()))).toBeGreaterThan(10);
    expect(await taken(async () => void (ordinary = await answersTo(headers)))).toBe(0);
    expect(atOnce).toEqual(ordinary);
  });

  it('is counted like every other', async () => {
    const count = async () => {
      const pattern =
        /^tollgate_http_request_duration_seconds_count\{[^}]*route="\/v1\/verify",status="200"[^}]*\} (\d+)/m;
      return Number(pattern.exec((await stage.get('/metrics')).text)?.[1]);
    };
    const before = await count();
    await verify({ token: first.secret });
    await stage.post('/v1/verify', { token: first.secret }, { 'content-type': 'application/json;charset=utf-8' });
    expect(await count()).toBe(before + 2);
  });
});

describe('a revoked token', () => {
  it('is refused once its barrier was acknowledged', async () => {
    const token = await createToken(stage.authority);
    expect((await verify({ token: token.secret, atLeast: token.position })).body).toMatchObject({ valid: true });
    const position = await revoke(stage.authority, token);
    await stage.authority.barrier(position);
    expect((await verify({ token: token.secret })).body).toMatchObject({
      code: 'TOKEN_INVALID',
      reason: 'revoked',
      tokenId: token.id,
      orgId: org,
    });
  });

  it('is refused although the bus lost its event: the barrier makes the verifier read the log', async () => {
    const token = await createToken(stage.authority);
    stage.authority.relaying = false;
    const position = await revoke(stage.authority, token);
    stage.authority.relaying = true;
    const startedAt = performance.now();
    await stage.authority.barrier(position);
    expect(performance.now() - startedAt).toBeLessThan(900);
    expect((await verify({ token: token.secret })).body).toMatchObject({ reason: 'revoked' });
  });

  it('is acknowledged again at every wake-up, in case the authority missed it', async () => {
    const position = await revoke(stage.authority, await createToken(stage.authority));
    await stage.authority.barrier(position);
    stage.authority.acknowledged.length = 0;
    expect(await stage.authority.barrier(position)).toMatchObject({ applied: position });
  });

  it('is refused by a strict verification although nothing of it has reached the verifier', async () => {
    const token = await createToken(stage.authority);
    stage.authority.relaying = false;
    await revoke(stage.authority, token);
    stage.authority.relaying = true;
    expect((await verify({ token: token.secret, strict: true })).body).toMatchObject({ reason: 'revoked' });
  });
});

describe('an expiring token', () => {
  it("expires by the authority's clock, wherever that was moved", async () => {
    const token = await createToken(stage.authority, { expiresAt: '2090-01-01T00:00:00.000Z' });
    expect((await verify({ token: token.secret, atLeast: token.position })).body).toMatchObject({ valid: true });
    const position = await stage.authority.moveClock('2090-01-01T00:00:00.000Z');
    await stage.authority.barrier(position);
    expect((await verify({ token: token.secret })).body).toMatchObject({ code: 'TOKEN_INVALID', reason: 'expired' });
  });
});

describe('without what a decision needs', () => {
  it('answers 503 UNDECIDABLE when the lease is lost, and decides again when it is back', async () => {
    stage.authority.granting = false;
    await until('the lease has ended', async () => (await verify({ token: first.secret })).status !== 200);
    const lost = await verify({ token: first.secret });
    expect(lost).toMatchObject({ status: 503, body: { code: 'UNDECIDABLE' } });
    expect(lost.headers.get('retry-after')).toBe('1');
    const reply = await stage.outside.request('tollgate.v1.tokens.verify', '{}');
    expect(reply.headers?.get('Nats-Service-Error-Code')).toBe('503');
    expect((await stage.post('/v1/verify/batch', { requests: [{}] })).body.decisions).toMatchObject([
      { valid: false, code: 'UNDECIDABLE', reason: 'no-lease' },
    ]);
    expect(await stage.get('/readyz')).toMatchObject({
      status: 503,
      text: expect.stringContaining('there is no lease'),
    });
    // The log can be read, so whoever asks strictly is answered.
    expect((await verify({ token: first.secret, strict: true })).body).toMatchObject({
      valid: true,
      leaseRemainingMs: 0,
    });

    stage.authority.granting = true;
    await until('the lease is back', async () => (await verify({ token: first.secret })).status === 200);
    expect((await stage.get('/readyz')).status).toBe(200);
  });

  it('answers 503 to a strict request when the primary is away, lease or not', async () => {
    stage.authority.readable = false;
    expect(await verify({ token: first.secret, strict: true })).toMatchObject({
      status: 503,
      body: { code: 'UNDECIDABLE' },
    });
    expect((await verify({ token: first.secret })).status).toBe(200);
    stage.authority.readable = true;
  });

  it('answers 503 when a position does not come within two seconds', async () => {
    const startedAt = performance.now();
    expect(await verify({ token: first.secret, atLeast: 1_000_000 })).toMatchObject({
      status: 503,
      body: { code: 'UNDECIDABLE' },
    });
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    // A position that somebody made up does not disturb the feed.
    expect((await verify({ token: first.secret })).status).toBe(200);
  });
});

describe('what operators see', () => {
  it('counts decisions by their code, one by one and in batches', async () => {
    const counted = async (code: string) => {
      const { text } = await stage.get('/metrics');
      return Number(
        new RegExp(`^tollgate_verifications_total\\{[^}]*code="${code}"[^}]*\\} (\\d+)`, 'm').exec(text)?.[1],
      );
    };
    const [ok, missing] = [await counted('OK'), await counted('TOKEN_MISSING')];
    await verify({ token: first.secret });
    await stage.post('/v1/verify/batch', { requests: [{ token: first.secret }, {}] });
    expect([await counted('OK'), await counted('TOKEN_MISSING')]).toEqual([ok + 2, missing + 1]);
  });

  it('shows the lease and the lag of the feed', async () => {
    const { text } = await stage.get('/metrics');
    expect(text).toMatch(/^tollgate_lease_remaining_ms(\{[^}]*\})? 1\d\d\d/m);
    expect(text).toMatch(/^tollgate_feed_lag_events\{[^}]*feed="credentials"[^}]*\} 0/m);
  });

  it('rebuilds the replica from the log, and finds it identical', async () => {
    const gateway = await connectBus({
      service: 'api-gateway',
      url: stage.nats.url,
      credsFile: await stage.nats.credsFor('api-gateway'),
    });
    const authorization = await stage.issuer.authorization({ sub: 'operator', scope: 'platform:operate' });
    const report = await gateway.call(rebuildCredentials, {}, { authorization });
    expect(report).toMatchObject({
      projection: 'credentials',
      identical: true,
      differences: [],
      position: await stage.authority.log.head(),
    });
    expect(report.tables.map(({ name }) => name)).toEqual([
      'credentials',
      'tokens',
      'accounts',
      'memberships',
      'teams',
      'products',
      'clock',
    ]);
    expect((await verify({ token: first.secret })).body).toMatchObject({ valid: true });
    const token = await createToken(stage.authority);
    expect((await verify({ token: token.secret, atLeast: token.position })).body).toMatchObject({ valid: true });
    await gateway.close();
  });
});

describe('another log behind the same authority', () => {
  it('makes the verifier drop everything and read the new one', async () => {
    stage.authority.replaceLog();
    await until(
      'the old token is unknown',
      async () => (await verify({ token: first.secret })).body.reason === 'unknown',
    );
    await openOrganization(stage.authority);
    const token = await createToken(stage.authority);
    expect((await verify({ token: token.secret, atLeast: token.position })).body).toMatchObject({
      valid: true,
      position: token.position,
    });
  });
});

describe('a clean shutdown', () => {
  it('gives the lease back', async () => {
    await stage.service.stop();
    const { leases } = stage.authority;
    // The first one was of the log before: there is nobody any more whom it could hold up.
    expect([...leases.values()].map(({ returned }) => returned)).toEqual([false, true]);
  });
});
