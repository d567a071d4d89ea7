import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { account, createToken, openOrganization, org, revoke, space, type TestToken } from './testing/organization.ts';
import { startStage, until, type Stage } from './testing/stage.ts';

let stage: Stage;
let token: TestToken;

beforeAll(async () => {
  stage = await startStage(async (authority) => {
    await openOrganization(authority);
    token = await createToken(authority, { expiresAt: '2090-01-01T00:00:00.000Z' });
  });
  await until('the service is ready', async () => (await stage.get('/readyz')).status === 200);
});

afterAll(() => stage?.stop());

const revoked = async () => {
  const created = await createToken(stage.authority);
  await stage.authority.barrier(await revoke(stage.authority, created));
  return created;
};

describe('POST /v1/introspect', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const introspect = (body: string, headers: Record<string, string> = form) =>
    stage.post('/v1/introspect', body, headers);

  it('describes a token that holds, as RFC 7662 says', async () => {
    const { status, body, headers } = await introspect(`token=${token.secret}&token_type_hint=access_token`);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        active: true,
        token_type: 'Bearer',
        scope: 'multi-space',
        sub: account,
        jti: token.id,
        exp: Date.parse('2090-01-01T00:00:00.000Z') / 1000,
        org,
        account_kind: 'service',
        spaces: [space],
      },
    });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('says of any other that it is not active, and nothing else', async () => {
    const test = await createToken(stage.authority, { environment: 'test' });
    const texts = [(await revoked()).secret, 'nothing+of+ours', '', test.secret];
    for (const text of texts) {
      const { status, body } = await introspect(`token=${text}`);
      expect({ status, body }).toEqual({ status: 200, body: { active: false } });
    }
    expect((await introspect(`token=${test.secret}&environment=test`)).body).toMatchObject({ active: true });
    const elsewhere = `token=${token.secret}&space=spc_00000000000000000000000009`;
    expect((await introspect(elsewhere)).body).toEqual({ active: false });
  });

  it('takes a form with one token, from services that may verify', async () => {
    expect(await introspect('token_type_hint=x')).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } });
    expect(await introspect('token=a&token=b')).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } });
    for (const type of ['application/json', 'text/plain']) {
      expect(await introspect('{}', { 'content-type': type })).toMatchObject({ status: 415 });
    }
    expect(await introspect('token=a', { ...form, authorization: '' })).toMatchObject({ status: 401 });
    const other = await stage.issuer.authorization({ sub: 's', scope: 'billing:read' });
    expect(await introspect('token=a', { ...form, authorization: other })).toMatchObject({ status: 403 });
    expect(await stage.post('/v1/verify', 'token=a', form)).toMatchObject({ status: 415 });
  });
});

describe('GET /v1/whoami', () => {
  async function whoAmI(secret?: string) {
    const headers: Record<string, string> = secret === undefined ? {} : { authorization: `Bearer ${secret}` };
    const response = await fetch(`${stage.service.url}/v1/whoami`, { headers });
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      text: await response.text(),
    };
  }

  it('tells a token who it is', async () => {
    const { status, text } = await whoAmI(token.secret);
    expect({ status, body: JSON.parse(text) }).toEqual({
      status: 200,
      body: {
        id: token.id,
        name: expect.stringMatching(/^Token \d+$/),
        organization: { id: org, name: 'Acme' },
        account: { id: account, kind: 'service', name: 'n8n' },
        scope: { type: 'multi-space' },
        product: 'default',
        environment: 'live',
        expiresAt: '2090-01-01T00:00:00.000Z',
      },
    });
  });

  it('tells a test token, too', async () => {
    const test = await createToken(stage.authority, { environment: 'test' });
    await stage.authority.barrier(test.position);
    const { status, text } = await whoAmI(test.secret);
    expect([status, JSON.parse(text)]).toMatchObject([200, { id: test.id, environment: 'test' }]);
  });

  it('tells nothing to who has no token that holds', async () => {
    expect(await whoAmI()).toMatchObject({ status: 401, challenge: 'Bearer' });
    const unknown = await whoAmI('nothing of ours');
    expect(unknown).toMatchObject({ status: 401, challenge: 'Bearer error="invalid_token"' });
    expect(await whoAmI((await revoked()).secret)).toEqual(unknown);
  });
});

describe('usage', () => {
  const callsOf = (tok: string) =>
    stage.authority.usage
      .flatMap(({ tokens, calls }) => calls.filter((_, place) => tokens[place] === tok))
      .reduce((sum, calls) => sum + calls, 0);

  it('is reported within a second, through whichever door a token came', async () => {
    const used = await createToken(stage.authority);
    await stage.authority.barrier(used.position);
    await stage.post('/v1/verify', { token: used.secret });
    await stage.post('/v1/verify/batch', { requests: [{ token: used.secret }, { token: used.secret }] });
    await fetch(`${stage.service.url}/v1/forward-auth`, { headers: { authorization: `Bearer ${used.secret}` } });
    await stage.outside.request('tollgate.v1.tokens.verify', JSON.stringify({ token: used.secret }));
    const startedAt = performance.now();
    await until('the counts came', () => callsOf(used.id) === 5);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    const sequences = stage.authority.usage.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  });

  it('of refused tokens goes to the log by reason, of unknown ones to the metrics', async () => {
    const { secret, id } = await revoked();
    const before = (await stage.get('/metrics')).text;
    await stage.post('/v1/verify', { token: secret });
    await stage.post('/v1/verify', { token: 'nothing of ours' });
    await until('the attempt came', () => stage.authority.attempts.some(({ tok }) => tok === id));
    expect(stage.authority.attempts.filter(({ tok }) => tok === id)).toMatchObject([
      { org, reason: 'revoked', count: 1 },
    ]);
    const { text } = await stage.get('/metrics');
    const count = (metrics: string) =>
      Number(/^tollgate_refusals_total\{[^}]*reason="unknown"[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? 0);
    expect(count(text)).toBe(count(before) + 1);
  });

  it('is not lost in a clean shutdown', async () => {
    const before = callsOf(token.id);
    await stage.post('/v1/verify', { token: token.secret });
    await stage.service.stop();
    expect(callsOf(token.id)).toBe(before + 1);
  });
});
