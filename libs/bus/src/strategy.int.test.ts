import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  connect,
  credsAuthenticator,
  headers as createHeaders,
  type Msg,
  type NatsConnection,
} from '@nats-io/transport-node';
import { TollgateError, type Problem } from '@tollgate/contracts';
import type { JwtVerifier, PrincipalResolver } from '@tollgate/identity';
import { startNats, type TestNats } from '@tollgate/stack';
import { startTelemetry, withExtractedTrace, currentTraceparent } from '@tollgate/telemetry';
import { readFile } from 'node:fs/promises';
import { connectBus, type Bus } from './bus.ts';
import { echo, fail, greet, direct, handlers, serve, type TestService } from './testing/test-service.ts';

/** JSON as it came; the assertions say what it must be. */
type Json = any;

startTelemetry('test');

const verifier: JwtVerifier = {
  async verify(jwt) {
    if (jwt !== 'good')
      throw new TollgateError('UNAUTHENTICATED', 'The JWT has expired. Get a new one from its issuer.');
    return { sub: 'acc_1', org: 'org_1', scopes: [], expiresAtMs: Date.now() + 60_000 };
  },
};
const resolver: PrincipalResolver = {
  resolve: async ({ orgId }) =>
    orgId === 'org_1' ? { id: 'acc_1', kind: 'member', role: 'owner', active: true, administersSpace: false } : null,
};

let nats: TestNats;
let serving: Bus;
let calling: Bus;
/** A client of another make: nothing but the NATS protocol and JSON. */
let plain: NatsConnection;
let service: TestService;

beforeAll(async () => {
  nats = await startNats();
  serving = await connectBus({
    service: 'token-command',
    url: nats.url,
    credsFile: await nats.credsFor('a', 'everything'),
  });
  calling = await connectBus({
    service: 'api-gateway',
    url: nats.url,
    credsFile: await nats.credsFor('b', 'everything'),
  });
  plain = await connect({
    servers: nats.url,
    authenticator: credsAuthenticator(await readFile(await nats.credsFor('c', 'everything'))),
  });
  service = await serve(serving, verifier, resolver);
});

afterAll(async () => {
  await service?.close();
  await Promise.all([serving?.close(), calling?.close(), plain?.close()]);
  await nats?.stop();
});

async function ask(
  operation: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<{ status: string; body: Json; message: Msg }> {
  const hdrs = createHeaders();
  for (const [name, value] of Object.entries(headers)) hdrs.set(name, value);
  const message = await plain.request(`tollgate.v1.${operation}`, body, { timeout: 3000, headers: hdrs });
  return { status: message.headers?.get('Nats-Service-Error-Code') ?? '', body: message.json(), message };
}

describe('an operation over plain NATS', () => {
  it('takes JSON and answers JSON', async () => {
    const { status, body } = await ask('test.greet', '{"org":"org_1","name":"Ada"}', {
      Authorization: 'Bearer good',
      'Tollgate-Request-Id': 'req-7',
    });
    expect(status).toBe('');
    expect(body).toMatchObject({
      text: 'hello Ada',
      requestId: 'req-7',
      principal: { type: 'account', id: 'acc_1', role: 'owner', orgId: 'org_1' },
    });
  });

  it('reads header names without regard to case', async () => {
    const { body } = await ask('test.greet', '{"org":"org_1","name":"Ada"}', { authorization: 'Bearer good' });
    expect(body.text).toBe('hello Ada');
  });

  it('takes an empty body as an empty object, and applies defaults', async () => {
    expect((await ask('test.echo', '')).body.text).toBe('nothing');
  });

  it.each(['test.echo', 'test.direct'])(
    'tells the handler of %s about the call, without its credential',
    async (operation) => {
      const { body, message } = await ask(operation, '{}', {
        Authorization: 'Bearer canary',
        'Idempotency-Key': 'key-1',
        'If-Match': 'W/"3"',
        'Tollgate-Client-Ip': '192.0.2.1',
        'Tollgate-User-Agent': 'curl/8',
      });
      expect(body.call).toMatchObject({
        principal: null,
        idempotencyKey: 'key-1',
        ifMatch: 3,
        ip: '192.0.2.1',
        userAgent: 'curl/8',
      });
      expect(message.string()).not.toContain('canary');
    },
  );
});

describe('an operation that is answered at once', () => {
  const bare = async (body: string): Promise<Json> =>
    (await plain.request('tollgate.v1.test.direct', body, { timeout: 3000 })).json();
  const requests = async (): Promise<number> => {
    const stats: Json = (await plain.request('$SRV.STATS.token-command')).json();
    return stats.endpoints.find(({ name }: Json) => name === 'test-direct').num_requests;
  };

  it('takes the requests that it knows there, and counts them', async () => {
    const before = await requests();
    expect(await bare('{"text":"quick"}')).toBe('at once');
    expect(await requests()).toBe(before + 1);
  });

  it('takes the others the ordinary way, and those that come with headers', async () => {
    expect(await bare('{"text":"slow"}')).toMatchObject({ text: 'slow' });
    expect(await bare('{"text":1}')).toMatchObject({ code: 'INVALID_INPUT' });
    const { body } = await ask('test.direct', '{"text":"quick"}', { 'Tollgate-Request-Id': 'mine' });
    expect(body).toMatchObject({ text: 'quick', call: { requestId: 'mine' } });
  });

  it('is none that needs a JWT', () => {
    expect(() => service.strategy.serveAtOnce(greet, () => null)).toThrow('test.greet needs a JWT');
  });
});

describe('a refusal over plain NATS', () => {
  it('carries its status and code in headers, and the problem as body', async () => {
    const { status, body, message } = await ask('test.fail', '{"how":"refusal"}', { 'Tollgate-Request-Id': 'req-8' });
    expect(status).toBe('422');
    expect(message.headers?.get('Nats-Service-Error')).toBe('LAST_OWNER: Make another account owner first.');
    expect(body).toMatchObject({
      status: 422,
      code: 'LAST_OWNER',
      detail: 'Make another account owner first.',
      requestId: 'req-8',
    });
  });

  it.each<[string, string, string, Record<string, string>]>([
    ['no JWT', '{"org":"org_1","name":"x"}', 'UNAUTHENTICATED', {}],
    ['a bad JWT', '{"org":"org_1","name":"x"}', 'UNAUTHENTICATED', { Authorization: 'Bearer bad' }],
    ['a bad JWT, before the body is looked at', '{', 'UNAUTHENTICATED', { Authorization: 'Bearer bad' }],
    ['another organization', '{"org":"org_2","name":"x"}', 'NOT_FOUND', { Authorization: 'Bearer good' }],
    ['malformed JSON', '{"org":', 'INVALID_JSON', { Authorization: 'Bearer good' }],
    ['JSON that is no object', '[]', 'INVALID_INPUT', { Authorization: 'Bearer good' }],
  ])('%s', async (_what, request, code, headers) => {
    expect((await ask('test.greet', request, headers)).body.code).toBe(code);
  });

  it('names every wrong place and quotes no value', async () => {
    const request = {
      name: 7,
      extra: 'canary',
      scope: { other: 'canary' },
      tokens: [{ digest: 'a' }, { digest: 1, more: 'canary' }],
    };
    const { body, message } = await ask('test.greet', JSON.stringify(request), { Authorization: 'Bearer good' });
    const paths = (body as Problem).errors?.map(({ path }) => path).toSorted();
    expect(paths).toEqual([
      'extra',
      'name',
      'org',
      'scope.other',
      'scope.spaceId',
      'tokens[1].digest',
      'tokens[1].more',
    ]);
    expect(message.string()).not.toContain('canary');
  });

  it.each([
    ['Idempotency-Key', 'has a space'],
    ['Idempotency-Key', 'x'.repeat(201)],
    ['If-Match', 'abc'],
  ])('of a wrong header %s', async (name, value) => {
    const { body } = await ask('test.echo', '{}', { [name]: value });
    expect(body).toMatchObject({ code: 'INVALID_INPUT', errors: [{ path: `headers.${name}` }] });
  });

  it('says nothing of what failed inside', async () => {
    const { status, body, message } = await ask('test.fail', '{"how":"bug"}');
    expect([status, body.code]).toEqual(['500', 'INTERNAL']);
    expect(message.string()).not.toContain('canary');
  });

  it('asks to try again when a database shuts down', async () => {
    expect((await ask('test.fail', '{"how":"outage"}')).body.code).toBe('SERVICE_UNAVAILABLE');
  });

  it('takes the place of an answer that does not fit a message', async () => {
    const { body } = await ask('test.fail', '{"how":"oversized"}');
    expect(body.code).toBe('PAYLOAD_TOO_LARGE');
    expect((await ask('test.echo', '{}')).body.text).toBe('nothing');
  });
});

describe('the NATS Services API', () => {
  async function discover(subject: string): Promise<Json[]> {
    const found: Json[] = [];
    for await (const message of await plain.requestMany(subject, '', { strategy: 'timer', maxWait: 300 }))
      found.push(message.json());
    return found;
  }

  it('answers PING for all, for a name and for one instance, and not for others', async () => {
    const [ping] = await discover('$SRV.PING');
    expect(ping).toMatchObject({
      type: 'io.nats.micro.v1.ping_response',
      name: 'token-command',
      version: '0.1.0',
      metadata: {},
    });
    expect(await discover('$SRV.PING.token-command')).toEqual([ping]);
    expect(await discover(`$SRV.PING.token-command.${ping.id}`)).toEqual([ping]);
    await expect(discover('$SRV.PING.other')).rejects.toThrow('no responders');
  });

  it('describes every endpoint', async () => {
    const [info] = await discover('$SRV.INFO.token-command');
    expect(info.type).toBe('io.nats.micro.v1.info_response');
    expect(info.endpoints).toContainEqual({
      name: 'test-greet',
      subject: 'tollgate.v1.test.greet',
      queue_group: 'q',
      metadata: { http: 'GET /v1/orgs/:org/greeting', summary: 'Greets' },
    });
    expect(info.endpoints).toHaveLength(4);
  });

  it('counts requests, errors and time', async () => {
    const before = (await discover('$SRV.STATS'))[0].endpoints.find(({ name }: Json) => name === 'test-fail');
    await ask('test.fail', '{"how":"refusal"}');
    const [stats] = await discover('$SRV.STATS.token-command');
    expect(stats.type).toBe('io.nats.micro.v1.stats_response');
    const after = stats.endpoints.find(({ name }: Json) => name === 'test-fail');
    expect(after).toMatchObject({
      num_requests: before.num_requests + 1,
      num_errors: before.num_errors + 1,
      last_error: '422 LAST_OWNER',
    });
    expect(after.processing_time).toBeGreaterThan(before.processing_time);
    expect(after.average_processing_time).toBe(Math.round(after.processing_time / after.num_requests));
  });
});

describe('a call from service to service', () => {
  it('returns the answer, typed', async () => {
    const { text } = await calling.call(greet, { org: 'org_1', name: 'Bob' }, { authorization: 'Bearer good' });
    expect(text).toBe('hello Bob');
  });

  it('throws the refusal with its code and errors', async () => {
    await expect(calling.call(fail, { how: 'refusal' })).rejects.toMatchObject({
      code: 'LAST_OWNER',
      message: 'Make another account owner first.',
    });
    await expect(
      calling.call(greet, { org: 'org_1' } as never, { authorization: 'Bearer good' }),
    ).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      errors: [{ path: 'name', message: 'is required' }],
    });
  });

  it.each([echo, direct])('carries the trace', async (operation) => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { call } = await withExtractedTrace({ traceparent }, 'test', () => {
      expect(currentTraceparent()).toContain('0af7651916cd43dd8448eb211c80319c');
      return calling.call(operation, {});
    });
    expect((call as { traceparent: string }).traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
  });

  it('fails at once when nobody serves the operation', async () => {
    await expect(calling.call({ ...echo, name: 'test.unserved' }, {})).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
  });

  it('fails when the answer takes too long', async () => {
    await expect(calling.call(fail, { how: 'slow' }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
  });

  it('refuses a request that does not fit a message', async () => {
    await expect(calling.call(echo, { text: 'x'.repeat(2 * 1024 * 1024) })).rejects.toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
    });
  });

  it('refuses a subject that its NATS user may not use', async () => {
    const creds = await nats.credsFor('narrow', {
      publish: { allow: ['elsewhere'] },
      subscribe: { allow: ['_INBOX_billing-meter.>'] },
    });
    const narrow = await connectBus({ service: 'billing-meter', url: nats.url, credsFile: creds });
    await expect(narrow.call(echo, {})).rejects.toMatchObject({ code: 'FORBIDDEN' });
    narrow.subscribe('elsewhere', () => undefined);
    await narrow.nc.flush();
    expect(narrow.problem()).toContain('may not subscribe to elsewhere');
    await narrow.close();
  });
});

describe('a missing handler', () => {
  it('stops the start, and is named', async () => {
    await expect(serve(serving, verifier, resolver, handlers.slice(1))).rejects.toThrow('test.greet has no handler');
  });

  it('so do two', async () => {
    const [first] = handlers;
    class Second extends (first as new () => object) {}
    Reflect.getMetadataKeys(first as object).forEach((key: unknown) =>
      Reflect.defineMetadata(key, Reflect.getMetadata(key, first as object), Second),
    );
    await expect(serve(serving, verifier, resolver, [...handlers, Second])).rejects.toThrow(
      'test.greet has 2 handlers',
    );
  });
});
