import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ErrorCode } from '@tollgate/contracts';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Answer,
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  type Organization,
} from '../support/api.ts';
import { ask, connectWithoutLimits } from '../support/bus-user.ts';
import { writtenSoFar } from '../support/log.ts';
import { expectHttpProblem, expectProblem } from '../support/problems.ts';
import { rawRequest } from '../support/raw-http.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let token: { id: string };
let authorization: string;
let nc: NatsConnection;
let written: Readonly<Record<string, number>>;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  ({ token } = await makeToken(acme));
  authorization = `Bearer ${await callers.jwt({ sub: acme.ownerId, org: acme.org.id })}`;
  nc = await connectWithoutLimits(stack);
}, 60_000);
afterAll(async () => {
  await nc?.close();
  await stack?.stop();
});

/** Whatever is refused leaves nothing behind: no event, no key, no person, no request. */
beforeEach(async () => void (written = await writtenSoFar(stack)));
afterEach(async () => expect(await writtenSoFar(stack)).toEqual(written));

type Expected = [status: number, code: ErrorCode, path?: string];
const refusal = ([status, code, path]: Expected) => ({ status, code, ...(path === undefined ? {} : { path }) });
const refused = (answer: Answer, expected: Expected) => expectHttpProblem(answer, refusal(expected));
const invalid = (path: string): Expected => [400, 'INVALID_INPUT', path];
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const unknown = (kind: string) => `${kind}_${'0'.repeat(26)}`;
const megabytes = (count: number) => 'x'.repeat(count * 1024 * 1024);
const goodToken = () => ({
  name: 'Fine',
  accountId: acme.service.id,
  scope: { type: 'multi-space' },
  acknowledgeBilling: true,
});
const withToken = (wrong: object) => ({ ...goodToken(), ...wrong });

describe('a body that is no JSON object', () => {
  const noJson: Expected = [400, 'INVALID_JSON'];
  const noObject: Expected = invalid('');
  const rows: [string, string | Uint8Array, Expected][] = [
    ['broken off', '{"name":', noJson],
    ['JSON with something after it', '{} x', noJson],
    ['text with a NUL', '{"name":"\0"}', noJson],
    ['not UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), noJson],
    ['an array', '[]', noObject],
    ['an array around a good one', '[{"name":"x"}]', noObject],
    ['null', 'null', noObject],
    ['a text', '"text"', noObject],
    ['a number', '17', noObject],
    ['nested 100,000 deep', nested(100_000), noObject],
    ['empty', '', invalid('accountId')],
  ];
  it.each(rows)('%s', async (_, body, expected) => {
    refused(await acme.owner('POST', acme.at('/tokens'), body), expected);
  });
});

describe('a body of the wrong kind or size', () => {
  const post = (body: string, headers: Record<string, string>, chunked = false) =>
    rawRequest(stack.url + acme.at('/tokens'), {
      method: 'POST',
      headers: { authorization, ...headers },
      body,
      chunked,
    });
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'multipart/form-data', 'json', ''])(
    'content type "%s"',
    async (type) => {
      refused(await post(JSON.stringify(goodToken()), { 'content-type': type }), [415, 'UNSUPPORTED_MEDIA_TYPE']);
    },
  );
  it.each([
    ['with its length', false],
    ['in pieces', true],
  ])('10 MB %s', async (_, chunked) => {
    const body = JSON.stringify(withToken({ name: megabytes(10) }));
    // Several times: whether a refusal arrives before a closed connection does is a matter of luck.
    for (let round = 0; round < 5; round++)
      refused(await post(body, { 'content-type': 'application/json' }, chunked), [413, 'PAYLOAD_TOO_LARGE']);
  });
  it('10 MB of somebody unknown', async () => {
    const answer = await rawRequest(stack.url + acme.at('/tokens'), { method: 'POST', body: megabytes(10) });
    refused(answer, [401, 'UNAUTHENTICATED']);
  });
});

describe('a token that must not come to be', () => {
  const rows: [string, () => object, Expected][] = [
    ['an unknown field', () => ({ colour: 'red' }), invalid('colour')],
    ['a field of the path', () => ({ org: acme.org.id }), invalid('org')],
    ['an unknown team', () => ({ teamId: unknown('tea') }), [422, 'UNKNOWN_REFERENCE', 'teamId']],
    ['the field constructor', () => ({ constructor: {} }), invalid('constructor')],
    ['an unknown field inside', () => ({ scope: { type: 'multi-space', to: 1 } }), invalid('scope.to')],
    ['a name that is a number', () => ({ name: 7 }), invalid('name')],
    ['a name that is null', () => ({ name: null }), invalid('name')],
    ['a name of 0 characters', () => ({ name: '' }), invalid('name')],
    ['a name of blanks', () => ({ name: ' \t ' }), invalid('name')],
    ['a name of 10,000 characters', () => ({ name: 'x'.repeat(10_000) }), invalid('name')],
    ['a name with NUL', () => ({ name: 'a\0b' }), invalid('name')],
    ['a name with an escape sequence', () => ({ name: '\u001b[31mred' }), invalid('name')],
    ['a name with a line break', () => ({ name: 'a\nb' }), invalid('name')],
    ['a name with a lone high surrogate', () => ({ name: 'a\ud800b' }), invalid('name')],
    ['a name with a lone low surrogate', () => ({ name: 'a\udc00' }), invalid('name')],
    ['a name nested 10,000 deep', () => ({ name: JSON.parse(nested(10_000)) }), invalid('name')],
    ['no account', () => ({ accountId: undefined }), invalid('accountId')],
    ['an unknown account', () => ({ accountId: unknown('acc') }), [422, 'UNKNOWN_REFERENCE', 'accountId']],
    ['an account id of another kind', () => ({ accountId: acme.space.id }), invalid('accountId')],
    ['an account id with a tail', () => ({ accountId: `${acme.service.id}\n` }), invalid('accountId')],
    ['an account id in capitals', () => ({ accountId: acme.service.id.toUpperCase() }), invalid('accountId')],
    ['a scope that is a text', () => ({ scope: 'multi-space' }), invalid('scope')],
    ['an unknown scope', () => ({ scope: { type: 'galaxy' } }), invalid('scope.type')],
    ['a scope without its space', () => ({ scope: { type: 'single-space' } }), invalid('scope.spaceId')],
    [
      'an unknown space',
      () => ({ scope: { type: 'single-space', spaceId: unknown('spc') } }),
      [422, 'UNKNOWN_REFERENCE', 'scope.spaceId'],
    ],
    [
      'a space id of another kind',
      () => ({ scope: { type: 'single-space', spaceId: acme.service.id } }),
      invalid('scope.spaceId'),
    ],
    ['a product with NUL', () => ({ product: '\0' }), invalid('product')],
    ['an unknown product', () => ({ product: 'nothing' }), [422, 'UNKNOWN_REFERENCE', 'product']],
    ['an unknown environment', () => ({ environment: 'prod' }), invalid('environment')],
    ['a yes that is a text', () => ({ acknowledgeBilling: 'true' }), invalid('acknowledgeBilling')],
    ['no yes', () => ({ acknowledgeBilling: false }), [422, 'BILLING_NOT_ACKNOWLEDGED', 'acknowledgeBilling']],
    ['an expiry that is a number', () => ({ expiresAt: 1893456000 }), invalid('expiresAt')],
    ['an expiry that is no time', () => ({ expiresAt: 'tomorrow' }), invalid('expiresAt')],
    ['an expiry on 30 February', () => ({ expiresAt: '2030-02-30T00:00:00Z' }), invalid('expiresAt')],
    ['an expiry in the past', () => ({ expiresAt: '2001-01-01T00:00:00Z' }), [422, 'EXPIRY_IN_PAST', 'expiresAt']],
    ['an expiry after the year 9999', () => ({ expiresAt: '9999-12-31T23:59:59-23:59' }), invalid('expiresAt')],
  ];
  it.each(rows)('%s', async (_, wrong, expected) => {
    refused(await acme.owner('POST', acme.at('/tokens'), withToken(wrong())), expected);
  });
  it('a field named __proto__', async () => {
    const body = `{"__proto__":{"name":"x"},${JSON.stringify(goodToken()).slice(1)}`;
    refused(await acme.owner('POST', acme.at('/tokens'), body), invalid('__proto__'));
  });
  it('every wrong place is named', async () => {
    const answer = await acme.owner('POST', acme.at('/tokens'), { name: 1, scope: {}, colour: 1 });
    for (const path of ['name', 'accountId', 'scope.type', 'colour']) refused(answer, invalid(path));
  });
});

describe('other things that must not come to be', () => {
  const org = { name: 'Globex', plan: 'pro', currency: 'EUR', timeZone: 'Europe/Berlin' };
  const account = { kind: 'member', name: 'Alan Turing' };
  const rows: [string, 'operator' | 'owner', string, object, Expected][] = [
    ['a plan that is none', 'operator', '/v1/orgs', { ...org, plan: 'gold' }, invalid('plan')],
    ['a currency that is none', 'operator', '/v1/orgs', { ...org, currency: 'QQQ' }, invalid('currency')],
    ['a zone that is none', 'operator', '/v1/orgs', { ...org, timeZone: 'Mars/X' }, invalid('timeZone')],
    ['a URL that is a script', 'operator', '/v1/orgs', { ...org, mcpUrl: 'javascript:1' }, invalid('mcpUrl')],
    ['a URL with NUL', 'operator', '/v1/orgs', { ...org, mcpUrl: 'https://a/\0' }, invalid('mcpUrl')],
    [
      'an anchor before the year 0',
      'operator',
      '/v1/orgs',
      { ...org, billing: { anchor: '0000-01-01T00:00:00+23:59' } },
      invalid('billing.anchor'),
    ],
    [
      'billing by the hour',
      'operator',
      '/v1/orgs',
      { ...org, billing: { interval: 'PT1H' } },
      invalid('billing.interval'),
    ],
    ['a role that is none', 'owner', '/accounts', { ...account, role: 'king' }, invalid('role')],
    ['an address that is none', 'owner', '/accounts', { ...account, email: 'a@b@c' }, invalid('email')],
    ['a subject with NUL', 'owner', '/accounts', { ...account, externalSubject: 'a\0' }, invalid('externalSubject')],
    ['a lone surrogate', 'owner', '/accounts', { ...account, externalSubject: '\udfff' }, invalid('externalSubject')],
    ['a space without a name', 'owner', '/spaces', {}, invalid('name')],
  ];
  it.each(rows)('%s', async (_, who, path, body, expected) => {
    const caller = who === 'operator' ? callers.operator : acme.owner;
    refused(await caller('POST', path.startsWith('/v1') ? path : acme.at(path), body), expected);
  });
  it.each([
    [{}, 'permissions'],
    [{ permissions: 'agents:list' }, 'permissions'],
    [{ permissions: ['agents:list', 'Agents List'] }, 'permissions[1]'],
    [{ permissions: [], administers: 1 }, 'administers'],
  ])('the membership %j', async (body, path) => {
    const url = acme.at(`/spaces/${acme.space.id}/members/${acme.service.id}`);
    refused(await acme.owner('PUT', url, body), invalid(path));
  });
  it('a membership with 201 permissions', async () => {
    const url = acme.at(`/spaces/${acme.space.id}/members/${acme.service.id}`);
    const answer = await acme.owner('PUT', url, { permissions: Array(201).fill('agents:list') });
    refused(answer, invalid('permissions'));
  });
  it.each([
    ['a reason that is a list', { reason: [] }],
    ['a reason with NUL', { reason: 'a\0' }],
    ['a reason with a lone surrogate', { reason: '\ud83d' }],
    ['a reason of 10,000 characters', { reason: 'x'.repeat(10_000) }],
  ])('%s revokes nothing', async (_, body) => {
    refused(await acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`), body), invalid('reason'));
  });
  it('another scope or product for a token', async () => {
    for (const path of ['scope', 'product']) {
      const answer = await acme.owner('PATCH', acme.at(`/tokens/${token.id}`), { [path]: 'x' });
      refused(answer, [422, 'SCOPE_IMMUTABLE', path]);
    }
  });
  it('a time before now, or none, for the development clock', async () => {
    const set = (now: unknown) => callers.operator('PUT', '/v1/dev/clock', { now });
    refused(await set('yesterday'), invalid('now'));
    refused(await set('2001-01-01T00:00:00Z'), [422, 'CLOCK_MOVES_FORWARD_ONLY']);
  });
});

describe('a change over the bus', () => {
  const send = (operation: string, body: string | Uint8Array, headers: Record<string, string> = { authorization }) =>
    ask(nc, `tollgate.v1.${operation}`, body, headers);
  const rows: [string, string | Uint8Array, Expected][] = [
    ['broken off', '{"name":', [400, 'INVALID_JSON']],
    ['not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), [400, 'INVALID_JSON']],
    ['in the envelope of a framework', '{"pattern":"tokens.create","data":{},"id":"1"}', invalid('pattern')],
    ['an array', '[]', invalid('')],
    ['null', 'null', invalid('')],
    ['nested 100,000 deep', nested(100_000), invalid('')],
    ['empty', '', invalid('org')],
    ['an unknown field', '{"colour":"red"}', invalid('colour')],
    ['a field named __proto__', '{"__proto__":{}}', invalid('__proto__')],
  ];
  it.each(rows)('%s', async (_, body, expected) => {
    expectProblem(await send('tokens.create', body), refusal(expected));
  });
  it('wrong places are named as over HTTP', async () => {
    const body = { org: acme.org.id, name: '\ud800', accountId: acme.space.id, scope: { type: 'x' } };
    const answer = await send('tokens.create', JSON.stringify(body));
    for (const path of ['name', 'accountId', 'scope.type']) expectProblem(answer, refusal(invalid(path)));
    expect(answer.headers.get('nats-service-error')).toMatch(/^INVALID_INPUT:/);
  });
  it('a field of any kind, nested 100,000 deep', async () => {
    const body = `{"org":"${acme.org.id}","tok":"${token.id}","scope":${nested(100_000)}}`;
    for (const more of [{}, { 'idempotency-key': 'deep' }] as Record<string, string>[]) {
      const answer = await send('tokens.update', body, { authorization, ...more });
      expect(answer.status).toBeLessThan(500);
      expect(answer.body.code).toMatch(/^(INVALID_INPUT|SCOPE_IMMUTABLE)$/);
    }
  });
  it('nobody, and somebody else', async () => {
    expectProblem(await send('tokens.create', '{}', {}), refusal([401, 'UNAUTHENTICATED']));
    expectProblem(await send('tokens.create', '{', { authorization: 'Bearer x' }), refusal([401, 'UNAUTHENTICATED']));
  });
  it('a header that cannot be', async () => {
    for (const name of ['If-Match', 'Idempotency-Key']) {
      const body = JSON.stringify({ org: acme.org.id, name: 'x' });
      const answer = await send('spaces.create', body, { authorization, [name]: 'two words' });
      expectProblem(answer, refusal(invalid(`headers.${name}`)));
    }
  });
});
