import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
  request,
} from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { filesHolding } from '../support/files.ts';
import { startCollector } from '../support/otlp-collector.ts';

let collector: Awaited<ReturnType<typeof startCollector>>;
let stack: TestStack;
let callers: Callers;
let acme: Organization;

beforeAll(async () => {
  collector = await startCollector();
  stack = await startStack({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, TOLLGATE_LOG_LEVEL: 'debug' } });
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
}, 120_000);
afterAll(async () => {
  await stack?.stop();
  await collector?.stop();
});

describe('one trace', () => {
  it('runs from the HTTP request through NATS and the append to every projection', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const { owner, at, service } = acme;
    const input = { name: 'Traced', accountId: service.id, scope: { type: 'multi-space' }, acknowledgeBilling: true };
    const answer = await owner('POST', at('/tokens'), input, { traceparent: `00-${traceId}-b7ad6b7169203331-01` });
    must(201, answer);
    await eventually(() => {
      const ours = collector.spans
        .filter((span) => span.traceId === traceId)
        .map(({ service: by, name }) => `${by}: ${name}`);
      expect(ours).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^api-gateway: POST/),
          'api-gateway: call tokens.create',
          'token-command: serve tokens.create',
          'token-command: event_log.append',
          'token-command: projection.apply token-list',
          'billing-meter: projection.apply seats',
          'audit-projector: projection.apply audit',
        ]),
      );
    });

    const requestId = answer.headers.get('x-request-id') as string;
    const line = stack
      .service('api-gateway')
      .log()
      .split('\n')
      .find((text) => text.includes(requestId)) as string;
    expect(JSON.parse(line)).toMatchObject({
      requestId,
      traceId,
      service: 'api-gateway',
      route: '/v1/orgs/:org/tokens',
    });
  });
});

describe('metrics', () => {
  it('are served by every service', async () => {
    const expected = {
      'api-gateway': 'tollgate_http_request_duration_seconds',
      'token-command': 'tollgate_operation_duration_seconds',
      'auth-verifier': 'tollgate_verifications_total',
      'billing-meter': 'tollgate_projection_lag_events',
      'audit-projector': 'tollgate_feed_lag_events',
    } as const;
    must(200, await callers.verifier('POST', '/v1/verify', { token: 'x' }));
    for (const [name, metric] of Object.entries(expected)) {
      const { body } = await request(`${stack.service(name as keyof typeof expected).url}/metrics`, 'GET');
      expect({ name, has: (body as string).includes(metric) }).toEqual({ name, has: true });
    }
  });
});

describe('a secret', () => {
  it('is in no log, span, database file or JetStream file, whatever is done with it', async () => {
    const { owner, at, org } = acme;
    const { secret, token } = await makeToken(acme);
    const { secret: next } = must(200, await owner('POST', at(`/tokens/${token.id}/regenerate`)));
    // Used as it should be, and in every wrong place that a client might think of.
    for (const text of [secret, next]) {
      await callers.verifier('POST', '/v1/verify', { token: text });
      await callers.verifier('POST', '/v1/verify', { token: text, [text]: text });
      await callers.verifier('POST', '/v1/verify', `{"token":"${text}"`);
      await callers.verifier('GET', `/v1/${text}?q=${text}`);
      await owner('GET', at(`/tokens/${text}`));
      await owner('GET', at(`/tokens?cursor=${text}&${text}=1`));
      await owner('POST', at('/tokens'), { name: text.repeat(10), accountId: text, scope: { type: text } });
      await owner('POST', at('/tokens'), `["${text}"`);
      await request(`${stack.url}/v1/orgs/${org.id}`, 'GET', undefined, { authorization: `Bearer ${text}` });
      await request(`${stack.verifierUrl}/v1/verify`, 'POST', { token: 'x' }, { authorization: `Bearer ${text}` });
    }
    const { position } = must(200, await owner('POST', at(`/tokens/${token.id}/revoke`)));
    must(200, await owner('GET', at(`/audit?atLeast=${position}`)));
    await eventually(() => expect(collector.spans.some(({ name }) => name === 'serve tokens.revoke')).toBe(true));

    for (const text of [secret, next]) {
      // The random part alone, so that a text that was cut is found as well.
      const random = (text.split('_').at(-2) as string).slice(0, 32);
      expect(filesHolding(stack.dataDir, random)).toEqual([]);
      expect(collector.text()).not.toContain(random);
      expect(stack.output()).not.toContain(random);
    }
    // The search finds what is there: the digest's display hint lies in the log.
    expect(filesHolding(join(stack.dataDir, 'postgres'), token.hint)).not.toEqual([]);
  });

  it('and no name or e-mail address is in an event', async () => {
    expect(filesHolding(join(stack.dataDir, 'nats'), 'Ada Lovelace')).toEqual([]);
    expect(filesHolding(join(stack.dataDir, 'nats'), 'ada@example.com')).toEqual([]);
    expect(filesHolding(join(stack.dataDir, 'nats'), acme.org.id)).not.toEqual([]);
  });
});
