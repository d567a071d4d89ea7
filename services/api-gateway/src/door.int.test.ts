import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { principalsResolve } from '@tollgate/contracts';
import { createJwtVerifier } from '@tollgate/identity';
import { startNats, type TestNats } from '@tollgate/stack';
import { Responders } from './testing/responders.ts';
import { startGateway, type TestGateway } from './testing/start-gateway.ts';

let nats: TestNats;
let responders: Responders;
let gateway: TestGateway;

beforeAll(async () => {
  nats = await startNats();
  responders = await Responders.start(nats);
  gateway = await startGateway(nats);
});
afterAll(async () => {
  await gateway?.stop();
  await responders?.stop();
  await nats?.stop();
});

const get = (path: string) => fetch(`${gateway.url}${path}`);

describe('the development issuer', () => {
  it('is found by discovery and signs JWTs that verify', async () => {
    const issuer = `${gateway.url}/dev/issuer`;
    expect(await (await get('/dev/issuer/.well-known/openid-configuration')).json()).toMatchObject({
      issuer,
      jwks_uri: `${issuer}/jwks`,
    });
    expect(JSON.stringify(await (await get('/dev/issuer/jwks')).json())).not.toContain('"d":');
    const verifier = createJwtVerifier({ issuer, audience: 'tollgate' });
    expect(await verifier.verify(await gateway.jwt({ sub: 'ada', scope: '' }))).toMatchObject({
      sub: 'ada',
      scopes: [],
    });
  });
});

describe('without TOLLGATE_DEV', () => {
  let production: TestGateway;
  beforeAll(async () => {
    production = await startGateway(nats, { TOLLGATE_DEV: '0' });
  });
  afterAll(() => production.stop());

  it('has no development issuer and no development clock', async () => {
    for (const path of ['/dev/issuer/jwks', '/dev/issuer/.well-known/openid-configuration', '/v1/dev/clock']) {
      expect((await fetch(`${production.url}${path}`)).status).toBe(404);
    }
    expect((await fetch(`${gateway.url}/v1/dev/clock`, { method: 'PUT' })).status).toBe(401);
    expect(await (await fetch(`${production.url}/openapi.json`)).text()).not.toContain('/v1/dev/clock');
  });
});

describe('readiness', () => {
  const readiness = async () => {
    const response = await get('/readyz');
    const { reasons, warnings } = (await response.json()) as { reasons: string[]; warnings: string[] };
    return { status: response.status, reasons, warnings };
  };

  it('names the services that do not answer, and is ready once those that organizations need do', async () => {
    const before = await readiness();
    expect(before.status).toBe(503);
    expect(before.reasons.map((reason) => reason.split(':')[0]).sort()).toEqual([
      'audit-projector',
      'billing-meter',
      'token-command',
    ]);
    expect(before.warnings).toEqual([expect.stringContaining('auth-verifier')]);

    const ends = await Promise.all(
      (['token-command', 'billing-meter', 'audit-projector'] as const).map((service) => responders.ping(service)),
    );
    // Answers are kept for half a second.
    const becomes = async (wanted: (found: Awaited<ReturnType<typeof readiness>>) => boolean) => {
      const deadlineMs = performance.now() + 2000;
      let found = await readiness();
      while (!wanted(found) && performance.now() < deadlineMs) {
        await sleep(50);
        found = await readiness();
      }
      return found;
    };
    const withoutLog = await becomes(({ reasons }) => reasons.length === 1);
    expect(withoutLog).toMatchObject({ status: 503, reasons: [expect.stringMatching(/^token-command: .*the log/)] });

    ends.push(await responders.serve(principalsResolve, () => ({ account: null })));
    expect(await becomes(({ status }) => status === 200)).toMatchObject({ status: 200, reasons: [] });
    for (const end of ends) end();
  });
});

describe('the documentation', () => {
  it('serves a valid OpenAPI document', async () => {
    const response = await get('/openapi.json');
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await new Validator().validate((await response.json()) as Record<string, unknown>)).toEqual({ valid: true });
  });

  it('serves a page that loads nothing from elsewhere and has no script of its own', async () => {
    const response = await get('/docs');
    const html = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(loaded.length).toBeGreaterThan(3);
    for (const path of loaded) expect([path, (await get(path)).status]).toEqual([path, 200]);
    expect(await (await get('/docs/start.js')).text()).toContain('validatorUrl: null');
  });
});

describe('metrics', () => {
  it('count requests by route, not by path', async () => {
    expect((await gateway.call('GET', '/v1/orgs/canary')).status).toBe(503);
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toMatch(/tollgate_http_request_duration_seconds_count\{[^}]*route="\/v1\/orgs\/:org"[^}]*\} \d+/);
    expect(metrics).not.toContain('canary');
  });
});
