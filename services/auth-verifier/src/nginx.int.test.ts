import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { findNginx, startGuardedApi, type GuardedApi } from './testing/nginx.ts';
import { account, createToken, openOrganization, org, revoke, space, type TestToken } from './testing/organization.ts';
import { startStage, until, type Stage } from './testing/stage.ts';

const nginx = await findNginx();

let stage: Stage;
let token: TestToken;
let api: GuardedApi;

/** As docs/how-to.md shows it. */
const guarded = (door: string, path: string, wishes: string) => `
  location ${path} {
    auth_request ${door};
    auth_request_set $token_id $upstream_http_x_tollgate_token_id;
    auth_request_set $org      $upstream_http_x_tollgate_org;
    auth_request_set $account  $upstream_http_x_tollgate_account;
    auth_request_set $scope    $upstream_http_x_tollgate_scope;
    auth_request_set $challenge $upstream_http_www_authenticate;
    proxy_set_header X-Tollgate-Token-Id $token_id;
    proxy_set_header X-Tollgate-Org      $org;
    proxy_set_header X-Tollgate-Account  $account;
    proxy_set_header X-Tollgate-Scope    $scope;
    proxy_set_header X-Tollgate-Status   "";
    proxy_set_header Authorization       "";
    add_header WWW-Authenticate $challenge always;
    proxy_pass http://API;
  }
  location = ${door} {
    internal;
    proxy_method $request_method;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_pass "${stage.service.url}/v1/forward-auth${wishes}";
  }`;

beforeAll(async () => {
  if (!nginx) return;
  stage = await startStage(async (authority) => {
    await openOrganization(authority);
    token = await createToken(authority);
  });
  await until('the service is ready', async () => (await stage.get('/readyz')).status === 200);
  await stage.publishBalance(org, '4');
  api = await startGuardedApi(
    nginx,
    guarded('/_by-settings', '/list', `?proxy=nginx&space=${space}&resource=agents&operation=list`) +
      guarded('/_by-path', '/api', `;proxy=nginx;space=${space}$request_uri`) +
      guarded('/_dear', '/dear', '?proxy=nginx&costMicros=7') +
      guarded('/_plain', '/plain', '?costMicros=7'),
  );
});

afterAll(async () => {
  await api?.stop();
  await stage?.stop();
});

const forged = {
  'x-tollgate-token-id': 'tok_forged',
  'X-TOLLGATE-ORG': 'org_forged',
  'x-tollgate-account': 'acc_forged',
  'x-tollgate-scope': 'everything',
  'x-tollgate-status': '200',
  x_tollgate_org: 'org_forged',
  'x-tollgate-space': 'spc_forged',
};

/** Not `fetch`: paths go out as they are. */
function call(method: string, path: string, secret?: string, body?: string) {
  return new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
    const { hostname, port } = new URL(api.url);
    const headers = { ...forged, ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }) };
    const outgoing = request({ hostname, port, path, method, headers, agent: false }, (incoming) => {
      incoming.resume();
      incoming.on('end', () => resolve({ status: incoming.statusCode as number, headers: incoming.headers }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

(nginx ? describe : describe.skip)('an API behind nginx with auth_request', () => {
  const who = { 'x-tollgate-token-id': '', 'x-tollgate-org': org, 'x-tollgate-account': account };

  it.each([
    ['the wish in its configuration', 'GET', '/list?limit=5'],
    ['the path of the call as the wish', 'GET', '/api/agent-base?space=spc_forged&proxy=none'],
  ])('serves who may, with %s, and learns who from Tollgate alone', async (_, method, path) => {
    api.received.length = 0;
    expect((await call(method, path, token.secret)).status).toBe(200);
    const [received] = api.received;
    expect(received).toMatchObject({ method, url: path });
    const { headers } = received as (typeof api.received)[number];
    expect(headers).toMatchObject({ ...who, 'x-tollgate-token-id': token.id, 'x-tollgate-scope': 'multi-space' });
    expect(JSON.stringify(headers)).not.toMatch(/(tok|org|acc)_forged|everything|sk_live/);
    expect(headers).not.toHaveProperty('x-tollgate-status');
    expect(headers).not.toHaveProperty('x_tollgate_org');
  });

  it('refuses what the account may not do, by the method and path of the call', async () => {
    api.received.length = 0;
    expect((await call('POST', '/api/agent-base', token.secret, '{"big":"body"}')).status).toBe(403);
    expect((await call('GET', '/api/../api/knowledge-base', token.secret)).status).toBe(403);
    expect((await call('GET', `http://127.0.0.1?space=${space}`, token.secret)).status).not.toBe(200);
    expect(api.received).toEqual([]);
  });

  it('challenges who has no token, or one that does not hold', async () => {
    api.received.length = 0;
    const revoked = await createToken(stage.authority);
    await stage.authority.barrier(await revoke(stage.authority, revoked));
    for (const [secret, challenge] of [
      [undefined, 'Bearer'],
      ['nothing of ours', 'Bearer error="invalid_token"'],
      [revoked.secret, 'Bearer error="invalid_token"'],
    ] as const) {
      const { status, headers } = await call('GET', '/list', secret);
      expect(status).toBe(401);
      expect(String(headers['www-authenticate'])).toContain(challenge);
    }
    expect(api.received).toEqual([]);
  });

  it('makes 403 of 402 with proxy=nginx, and 500 without', async () => {
    expect((await call('GET', '/dear', token.secret)).status).toBe(403);
    expect((await call('GET', '/plain', token.secret)).status).toBe(500);
  });

  it('makes 500 of the 503 of a verifier that cannot decide, and serves nobody', async () => {
    api.received.length = 0;
    stage.authority.granting = false;
    await until('the lease has ended', async () => (await call('GET', '/list', token.secret)).status !== 200);
    expect((await call('GET', '/list', token.secret)).status).toBe(500);
    stage.authority.granting = true;
    await until('the lease is back', async () => (await call('GET', '/list', token.secret)).status === 200);
  });
});
