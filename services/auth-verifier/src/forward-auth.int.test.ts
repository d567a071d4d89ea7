import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { account, createToken, openOrganization, org, revoke, space, type TestToken } from './testing/organization.ts';
import { startStage, until, type Stage } from './testing/stage.ts';

let stage: Stage;
let first: TestToken;

beforeAll(async () => {
  stage = await startStage(async (authority) => {
    await openOrganization(authority);
    first = await createToken(authority);
  });
  await until('the service is ready', async () => (await stage.get('/readyz')).status === 200);
  await stage.publishBalance(org, '4');
});

afterAll(() => stage?.stop());

interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  body: string;
}

/** Not `fetch`, which normalises paths and knows no TRACE. */
function ask(path: string, secret?: string, options: { method?: string; headers?: object; body?: string } = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const { hostname, port } = new URL(stage.service.url);
    const headers = { ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }), ...options.headers };
    const outgoing = httpRequest(
      { hostname, port, path: `/v1/forward-auth${path}`, method: options.method ?? 'GET', headers },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode as number,
            headers: incoming.headers as Answer['headers'],
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

const codeOf = ({ body }: Answer) => (JSON.parse(body) as { code: string }).code;

describe('/v1/forward-auth', () => {
  it('says who the token is, in headers', async () => {
    const { status, headers, body } = await ask(`?space=${space}&resource=agents&operation=list`, first.secret);
    expect({ status, body }).toEqual({ status: 200, body: '' });
    expect(headers).toMatchObject({
      'x-tollgate-token-id': first.id,
      'x-tollgate-org': org,
      'x-tollgate-account': account,
      'x-tollgate-scope': 'multi-space',
      'cache-control': 'no-store',
    });
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])('takes %s', async (method) => {
    expect((await ask('', first.secret, { method })).status).toBe(200);
  });

  it('does not look at a body, whatever its type', async () => {
    for (const type of ['application/json', 'text/xml', 'nonsense']) {
      const options = { method: 'POST', body: '{', headers: { 'content-type': type } };
      expect((await ask('', first.secret, options)).status).toBe(200);
    }
  });

  it('challenges as RFC 6750 says', async () => {
    const missing = await ask('');
    expect([missing.status, missing.headers['www-authenticate'], codeOf(missing)]).toEqual([
      401,
      'Bearer',
      'TOKEN_MISSING',
    ]);
    expect((await ask('', undefined, { headers: { authorization: 'Basic eDp5' } })).headers['www-authenticate']).toBe(
      'Bearer',
    );
    const unknown = await ask('', 'nothing of ours');
    expect([unknown.status, unknown.headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"']);
    const outside = await ask('?space=spc_00000000000000000000000009', first.secret);
    expect([outside.status, outside.headers['www-authenticate'], codeOf(outside)]).toEqual([
      403,
      'Bearer error="insufficient_scope"',
      'SCOPE_DENIED',
    ]);
    const denied = await ask(`?space=${space}&resource=agents&operation=delete`, first.secret);
    expect([denied.status, denied.headers['www-authenticate'], codeOf(denied)]).toEqual([
      403,
      undefined,
      'PERMISSION_DENIED',
    ]);
  });

  it('tells the bearers of unknown, tampered, revoked, expired and overlong tokens the same, byte for byte', async () => {
    const revoked = await createToken(stage.authority);
    const position = await revoke(stage.authority, revoked);
    const expired = await createToken(stage.authority, { expiresAt: '2020-01-01T00:00:00.000Z' });
    await stage.authority.barrier(Math.max(position, expired.position));
    const tampered = first.secret.slice(0, -1) + (first.secret.endsWith('x') ? 'y' : 'x');
    const foreign = 'an-imported-key-of-another-system';
    const secrets = [revoked.secret, expired.secret, tampered, foreign, 'x y', 'z'.repeat(9000)];
    const answers = await Promise.all(secrets.map((secret) => ask('', secret)));
    const seen = answers.map(({ status, headers: { date: _, ...headers }, body }) => ({ status, headers, body }));
    for (const answer of seen) expect(answer).toEqual(seen[0]);
    expect(JSON.parse(seen[0]?.body as string)).toMatchObject({ code: 'TOKEN_INVALID', status: 401 });
    expect(seen[0]?.body).not.toMatch(/revoked|expired|unknown|malformed/);
  });

  it('answers 402 to what cannot be paid, which is 403 for nginx', async () => {
    const unpaid = await ask('?costMicros=5', first.secret);
    expect([unpaid.status, unpaid.headers['x-tollgate-status'], codeOf(unpaid)]).toEqual([
      402,
      undefined,
      'INSUFFICIENT_BALANCE',
    ]);
    const folded = await ask('?costMicros=5&proxy=nginx', first.secret);
    expect([folded.status, folded.headers['x-tollgate-status'], codeOf(folded)]).toEqual([
      403,
      '402',
      'INSUFFICIENT_BALANCE',
    ]);
  });

  it('takes no wish from a header', async () => {
    const headers = {
      'x-tollgate-space': space,
      'x-forwarded-uri': `/x?space=${space}`,
      'x-forwarded-method': 'DELETE',
      'x-original-uri': `/x?resource=agents&operation=delete`,
    };
    expect((await ask('', first.secret, { headers })).status).toBe(200);
    expect((await ask('?resource=agents&operation=list', first.secret, { headers })).status).toBe(403);
  });

  it('answers 403 to wishes that cannot be understood', async () => {
    const wishes = ['?colour=red', `?space=${space}&space=${space}`, '?resource=agents', '?proxy=apache', '?space=x'];
    for (const wish of wishes) {
      const answer = await ask(wish, first.secret);
      expect([wish, answer.status, codeOf(answer)]).toEqual([wish, 403, 'INVALID_INPUT']);
    }
    const without = await ask('?resource=agents&operation=list', first.secret);
    expect([without.status, codeOf(without)]).toEqual([403, 'SPACE_REQUIRED']);
  });
});

describe('/v1/forward-auth/*, with the path appended', () => {
  it('takes the path and the method of the call as the wish', async () => {
    const prefix = `;space=${space}`;
    expect((await ask(`${prefix}/api/agent-base`, first.secret)).status).toBe(200);
    expect(codeOf(await ask(`${prefix}/api/agent-base`, first.secret, { method: 'POST' }))).toBe('PERMISSION_DENIED');
    expect(codeOf(await ask(`${prefix}/api/elsewhere`, first.secret))).toBe('PERMISSION_DENIED');
    expect(codeOf(await ask('/api/agent-base', first.secret))).toBe('SPACE_REQUIRED');
    expect((await ask(`${prefix};resource=agents;operation=list/whatever`, first.secret)).status).toBe(200);
  });

  it("does not look at the client's query", async () => {
    const query = '?space=spc_00000000000000000000000009&resource=storage&operation=upload&proxy=nginx&x=1';
    expect((await ask(`;space=${space}/api/agent-base${query}`, first.secret)).status).toBe(200);
    expect(codeOf(await ask(`/api/agent-base?space=${space}`, first.secret))).toBe('SPACE_REQUIRED');
  });

  it("does not take a client's path without a slash for settings or for none", async () => {
    for (const target of [`;proxy=nginx?space=${space}`, ';proxy=nginx', ';proxy=nginx?/api']) {
      expect([target, (await ask(target, first.secret)).status]).toEqual([target, 403]);
    }
    expect((await ask('entication', first.secret)).status).toBe(404);
  });

  it('folds 402 for nginx', async () => {
    const answer = await ask(';proxy=nginx;costMicros=5/api/agent-base', first.secret);
    expect(codeOf(answer)).toBe('SPACE_REQUIRED');
    const priced = await ask(`;proxy=nginx;costMicros=5;space=${space}/api/agent-base`, first.secret);
    expect([priced.status, priced.headers['x-tollgate-status']]).toEqual([403, '402']);
  });
});

describe('without a lease', () => {
  it('answers 503 with Retry-After, whatever the token', async () => {
    stage.authority.granting = false;
    await until('the lease has ended', async () => (await ask('', first.secret)).status !== 200);
    for (const secret of [first.secret, 'nothing of ours', undefined]) {
      const answer = await ask('', secret);
      expect([answer.status, answer.headers['retry-after'], codeOf(answer)]).toEqual([503, '1', 'UNDECIDABLE']);
    }
    stage.authority.granting = true;
  });
});
