import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startNats, startPostgres, type TestNats, type TestPostgres } from '@tollgate/stack';
import { connectBus, type Bus } from '@tollgate/bus';
import { principalsResolve, subjectOf } from '@tollgate/contracts';
import { connect as connectSocket } from 'node:net';
import { startService, type RunningService } from './service.ts';
import { startIssuer, testService, until, who, type TestIssuer } from './testing/fixtures.ts';

/** JSON as it came; the assertions say what it must be. */
type Json = any;

let nats: TestNats;
let postgres: TestPostgres;
let issuer: TestIssuer;
let service: RunningService;
let caller: Bus;
let env: Record<string, string>;

beforeAll(async () => {
  [nats, postgres, issuer] = await Promise.all([startNats(), startPostgres(), startIssuer()]);
  env = {
    TOLLGATE_SERVICE_PORT: '0',
    TOLLGATE_NATS_URL: nats.url,
    TOLLGATE_NATS_CREDS: await nats.credsFor('service', 'everything'),
    TOLLGATE_DATABASE_URL: postgres.url,
    TOLLGATE_OIDC_ISSUER: issuer.issuer,
    TOLLGATE_DEV: '1',
  };
  caller = await connectBus({
    service: 'token-command',
    url: nats.url,
    credsFile: await nats.credsFor('caller', 'everything'),
  });
  caller.subscribe(subjectOf(principalsResolve), (message) => {
    const { org, subject } = message.json<{ org: string; subject: string }>();
    const known = org === 'org_1' && subject === 'acc_1';
    message.respond(
      JSON.stringify({
        account: known ? { id: 'acc_1', kind: 'member', role: 'owner', active: true, administersSpace: false } : null,
      }),
    );
  });
  service = await startService({ ...testService, database: true }, env);
});

afterAll(async () => {
  await service?.stop();
  await caller?.close();
  await Promise.all([nats?.stop(), postgres?.stop(), issuer?.stop()]);
});

const get = (path: string): Promise<Response> => fetch(service.url + path);
const post = (body: string | Uint8Array<ArrayBuffer>, contentType = 'application/json'): Promise<Response> =>
  fetch(`${service.url}/things/1`, { method: 'POST', body, headers: { 'content-type': contentType } });

async function problemOf(response: Response): Promise<Json> {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem: Json = await response.json();
  expect(problem).toMatchObject({
    status: response.status,
    type: expect.stringContaining('https://'),
    title: expect.any(String),
    detail: expect.any(String),
  });
  return problem;
}

describe('the HTTP door of a service', () => {
  it('is alive, ready, and counts', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'alive' });
    expect(await (await get('/readyz')).json()).toEqual({ status: 'ready', reasons: [], warnings: [] });
    await get('/things/7');
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toMatch(/tollgate_http_request_duration_seconds_count\{[^}]*route="\/things\/:id"[^}]*\} 1/);
  });

  it.each<[string, () => Promise<Response>, number, string]>([
    ['an unknown route', () => get('/nothing'), 404, 'ROUTE_NOT_FOUND'],
    ['a path that is not percent-encoded', () => get('/things/%zz'), 400, 'INVALID_INPUT'],
    [
      'a method that the route does not have',
      () => fetch(`${service.url}/things/1`, { method: 'DELETE' }),
      405,
      'METHOD_NOT_ALLOWED',
    ],
    ['malformed JSON', () => post('{'), 400, 'INVALID_JSON'],
    ['JSON that is not UTF-8', () => post(new Uint8Array([0x22, 0xff, 0x22])), 400, 'INVALID_JSON'],
    ['a body that is too large', () => post(JSON.stringify('x'.repeat(800 * 1024))), 413, 'PAYLOAD_TOO_LARGE'],
    ['a form', () => post('a=b', 'application/x-www-form-urlencoded'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['plain text', () => post('a', 'text/plain'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a refusal', () => get('/refused'), 401, 'UNAUTHENTICATED'],
    ['an outage', () => get('/unavailable'), 503, 'SERVICE_UNAVAILABLE'],
    ['a bug', () => get('/broken'), 500, 'INTERNAL'],
  ])('answers %s with a problem', async (_what, ask, status, code) => {
    const problem = await problemOf(await ask());
    expect(problem).toMatchObject({ status, code });
    expect(JSON.stringify(problem)).not.toContain('canary');
  });

  it('names methods that would do, when to try again, and how to authenticate', async () => {
    expect((await fetch(`${service.url}/things/1`, { method: 'DELETE' })).headers.get('allow')).toBe('GET, HEAD, POST');
    expect((await get('/unavailable')).headers.get('retry-after')).toBe('1');
    expect((await get('/refused')).headers.get('www-authenticate')).toBe('Bearer');
  });

  it('takes an empty JSON body', async () => {
    expect(await (await post('')).json()).toEqual({ body: {} });
  });

  it('answers what is not HTTP with a problem', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connectSocket(Number(new URL(service.url).port), '127.0.0.1', () =>
        socket.write('nonsense\r\n\r\n'),
      );
      socket
        .on('data', (data) => (text += data))
        .on('end', () => resolve(text))
        .on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"code":"INVALID_INPUT"/);
  });
});

describe('an operation of a service', () => {
  const call = async (claims: Parameters<TestIssuer['jwt']>[0], org = 'org_1'): Promise<Json> =>
    (await caller.call(who, { org }, { authorization: `Bearer ${await issuer.jwt(claims)}` })).principal;

  it('knows the operator, a service and an account by their JWTs', async () => {
    expect(await call({ sub: 'operator', scope: 'platform:operate' })).toMatchObject({
      type: 'operator',
      id: 'operator',
    });
    expect(await call({ sub: 'finance', scope: 'audit:read billing:read' })).toMatchObject({
      type: 'service',
      id: 'finance',
    });
    expect(await call({ sub: 'acc_1', org: 'org_1' })).toMatchObject({
      type: 'account',
      id: 'acc_1',
      role: 'owner',
      orgId: 'org_1',
    });
  });

  it('does not know accounts of other organizations', async () => {
    await expect(call({ sub: 'acc_2', org: 'org_1' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(call({ sub: 'acc_1', org: 'org_1' }, 'org_2')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('readiness', () => {
  const readiness = async (): Promise<Json> => (await get('/readyz')).json();

  it('follows the database', async () => {
    await postgres.kill();
    await until(async () => (await readiness()).status === 'unavailable', 10_000);
    expect((await get('/readyz')).status).toBe(503);
    expect((await readiness()).reasons).toEqual(['database: Postgres cannot be reached']);
    await postgres.restart();
    await until(async () => (await readiness()).status === 'ready', 20_000);
  });

  it('follows the bus', async () => {
    await nats.kill();
    await until(async () => (await readiness()).status === 'unavailable', 10_000);
    expect((await readiness()).reasons).toEqual(['bus: NATS cannot be reached']);
    await nats.restart();
    await until(async () => (await readiness()).status === 'ready', 10_000);
  });
});

describe('a start', () => {
  it('fails when the configuration is wrong, with a sentence per variable', async () => {
    await expect(
      startService(testService, { TOLLGATE_NATS_URL: 'canary', TOLLGATE_SERVICE_PORT: '99999' }),
    ).rejects.toThrow(
      /^TOLLGATE_SERVICE_PORT must be a port .*\. TOLLGATE_NATS_URL must be the address .*\. TOLLGATE_OIDC_ISSUER is missing: .*\.$/,
    );
  });

  it('fails when a handler is missing', async () => {
    const other = { ...who, name: 'test.other' };
    await expect(startService({ ...testService, operations: [who, other] }, env)).rejects.toThrow(
      'test.other has no handler',
    );
  });
});
