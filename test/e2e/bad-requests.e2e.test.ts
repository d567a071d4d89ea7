import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { encodeCursor, type ErrorCode } from '@tollgate/contracts';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Answer,
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
  request,
} from '../support/api.ts';
import { ask, connectWithoutLimits } from '../support/bus-user.ts';
import { writtenSoFar } from '../support/log.ts';
import { expectHttpProblem, expectProblem } from '../support/problems.ts';
import { rawRequest } from '../support/raw-http.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let token: { id: string };
let secret: string;
let authorization: string;
let nc: NatsConnection;
let written: Readonly<Record<string, number>>;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  const created = await makeToken(acme);
  ({ token, secret } = created);
  must(200, await callers.verifier('POST', '/v1/verify', { token: secret, atLeast: created.position }));
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

describe('a path that leads nowhere', () => {
  const rows: [string, string, () => string, Expected][] = [
    ['an unknown route', 'GET', () => '/v1/nothing', [404, 'ROUTE_NOT_FOUND']],
    ['a method the route does not have', 'PUT', () => acme.at('/tokens'), [405, 'METHOD_NOT_ALLOWED']],
    ['an unknown organization', 'GET', () => `/v1/orgs/${unknown('org')}`, [404, 'NOT_FOUND']],
    ['an organization id of another kind', 'GET', () => `/v1/orgs/${acme.service.id}`, invalid('org')],
    ['an unknown token', 'GET', () => acme.at(`/tokens/${unknown('tok')}`), [404, 'NOT_FOUND']],
    ['a token id of another kind', 'GET', () => acme.at(`/tokens/${acme.space.id}`), invalid('tok')],
    ['an unknown token to revoke', 'POST', () => acme.at(`/tokens/${unknown('tok')}/revoke`), [404, 'NOT_FOUND']],
    ['an unknown account', 'GET', () => acme.at(`/accounts/${unknown('acc')}`), [404, 'NOT_FOUND']],
    ['a NUL in the path', 'GET', () => acme.at('/tokens/%00'), invalid('tok')],
    ['a broken escape', 'GET', () => acme.at('/tokens/%zz'), [400, 'INVALID_INPUT']],
    ['an unknown projection', 'POST', () => '/v1/projections/nothing/rebuild', [404, 'ROUTE_NOT_FOUND']],
  ];
  it.each(rows)('%s', async (_, method, path, expected) => refused(await acme.owner(method, path()), expected));
  it('a path of 20,000 characters', async () => {
    const answer = await request(`${stack.url}/v1/${'x'.repeat(20_000)}`, 'GET');
    expect([400, 404, 414, 431]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });
});

describe('a query that cannot be', () => {
  const rows: [string, Expected][] = [
    ['/tokens?limit=0', invalid('limit')],
    ['/tokens?limit=201', invalid('limit')],
    ['/tokens?limit=-1', invalid('limit')],
    ['/tokens?limit=1.5', invalid('limit')],
    ['/tokens?limit=many', invalid('limit')],
    ['/tokens?limit=', invalid('limit')],
    ['/tokens?limit=1e999', invalid('limit')],
    ['/tokens?limit=1&limit=2', invalid('limit')],
    ['/tokens?limit[]=1', invalid('limit[]')],
    ['/tokens?colour=red', invalid('colour')],
    ['/tokens?status=active&status=revoked', invalid('status')],
    ['/tokens?status=ACTIVE', invalid('status')],
    ['/tokens?search=', invalid('search')],
    ['/tokens?search=%00', invalid('search')],
    ['/tokens?product=%00', invalid('product')],
    ['/tokens?sort=size', invalid('sort')],
    ['/tokens?atLeast=-1', invalid('atLeast')],
    ['/tokens?atLeast=soon', invalid('atLeast')],
    ['/tokens?cursor=abc', [400, 'INVALID_CURSOR', 'cursor']],
    ['/tokens?cursor=', [400, 'INVALID_CURSOR', 'cursor']],
    ['/tokens?cursor=%00', [400, 'INVALID_CURSOR', 'cursor']],
    ['/audit?cursor=abc', [400, 'INVALID_CURSOR', 'cursor']],
    ['/billing/seats?cursor=abc', [400, 'INVALID_CURSOR', 'cursor']],
    ['/audit?action=%00', invalid('action')],
    ['/audit?actor=%00', invalid('actor')],
    ['/audit?target=%00', invalid('target')],
    ['/audit?from=yesterday', invalid('from')],
    ['/audit?from=0000-01-01T00:00:00%2B23:59', invalid('from')],
    ['/audit?to=9999-12-31T23:59:59-23:59', invalid('to')],
    ['/audit?namespace=api-tokens', invalid('namespace')],
    ['/billing/quote?scope=galaxy', invalid('scope')],
    ['/billing/quote?at=now', invalid('at')],
  ];
  it.each(rows)('%s', async (path, expected) => refused(await acme.owner('GET', acme.at(path)), expected));

  it('a cursor that was changed, or belongs to another list, order or organization', async () => {
    const { nextCursor } = must(200, await acme.owner('GET', acme.at('/accounts?limit=1')));
    expect((await acme.owner('GET', acme.at(`/accounts?cursor=${nextCursor}`))).status).toBe(200);
    const last = nextCursor.at(-1) === 'A' ? 'B' : 'A';
    const other = await callers.account(acme.org.id, acme.ownerId);
    for (const path of [
      `/accounts?cursor=${nextCursor.slice(0, -1)}${last}`,
      `/accounts?cursor=${nextCursor.slice(0, -4)}`,
      `/accounts?cursor=${nextCursor}AAAA`,
      `/accounts?cursor=${nextCursor}=`,
      `/spaces?cursor=${nextCursor}`,
      `/tokens?cursor=${nextCursor}`,
    ])
      refused(await other('GET', acme.at(path)), [400, 'INVALID_CURSOR', 'cursor']);
  });
  it('a cursor that somebody made up with a good checksum', async () => {
    const end = 'acc_0';
    const cursors = [
      ['/accounts', encodeCursor('accounts', acme.org.id, ['soon', end])],
      ['/accounts', encodeCursor('accounts', acme.org.id, ['2026-01-01T00:00:00.000Z', '\0'])],
      ['/tokens', encodeCursor('tokens -createdAt', acme.org.id, ['never', end])],
      ['/audit', encodeCursor('audit.list', acme.org.id, [1e300])],
      ['/billing/seats', encodeCursor('billing.seats', acme.org.id, [0.5])],
    ] as const;
    for (const [path, cursor] of cursors)
      refused(await acme.owner('GET', acme.at(`${path}?cursor=${cursor}`)), [400, 'INVALID_CURSOR', 'cursor']);
  });
  it('a query where the body belongs, and a body where the query belongs', async () => {
    refused(await acme.owner('POST', acme.at('/tokens?name=x'), {}), invalid('name'));
    const member = acme.at(`/spaces/${acme.space.id}/members/${acme.service.id}`);
    refused(await acme.owner('DELETE', member, { reason: 'x' }), invalid('reason'));
  });
});

describe('headers that cannot be', () => {
  const rename = (headers: Record<string, string>) =>
    acme.owner('PATCH', acme.at(`/tokens/${token.id}`), { name: 'Renamed' }, headers);
  it.each(['abc', '"abc"', '-1', '"1", "2"', '1.5', '""', '"99999999999999999999"'])('If-Match: %s', async (value) => {
    refused(await rename({ 'if-match': value }), invalid('headers.If-Match'));
  });
  it.each(['99', '"99"', 'W/"99"'])('If-Match: %s of another version', async (value) => {
    refused(await rename({ 'if-match': value }), [412, 'VERSION_MISMATCH']);
  });
  it.each([
    ['empty', ''],
    ['of two words', 'two words'],
    ['of 201 characters', 'x'.repeat(201)],
    ['beyond ASCII', 'clé'],
  ])('an Idempotency-Key %s', async (_, value) => {
    refused(await rename({ 'idempotency-key': value }), invalid('headers.Idempotency-Key'));
  });
  it.each([
    ['if-match', ['"1"', '"2"'], 'headers.If-Match'],
    ['idempotency-key', ['one', 'two'], 'headers.Idempotency-Key'],
  ])('%s twice', async (name, values, path) => {
    const headers = { authorization, 'content-type': 'application/json', [name]: values };
    const answer = await rawRequest(stack.url + acme.at(`/tokens/${token.id}`), {
      method: 'PATCH',
      headers,
      body: '{}',
    });
    refused(answer, invalid(path));
  });
});

describe('a verification', () => {
  const space = 'spc_00000000000000000000000000';
  const rows: [string, string | Uint8Array, Expected][] = [
    ['broken off', '{"token":', [400, 'INVALID_JSON']],
    ['not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), [400, 'INVALID_JSON']],
    ['an array', '[]', invalid('')],
    ['a text', '"sk_live_"', invalid('')],
    ['nested 100,000 deep', nested(100_000), invalid('')],
    ['an unknown field', '{"tokn":"x"}', invalid('tokn')],
    ['a token that is a number', '{"token":1}', invalid('token')],
    ['a token of 5,000 characters', JSON.stringify({ token: 'x'.repeat(5_000) }), invalid('token')],
    ['a space id of another kind', '{"space":"acc_00000000000000000000000000"}', invalid('space')],
    ['an environment that is none', '{"environment":"prod"}', invalid('environment')],
    ['a cost that is a number', '{"costMicros":1}', invalid('costMicros')],
    ['a cost below nothing', '{"costMicros":"-1"}', invalid('costMicros')],
    ['a position that is a text', '{"atLeast":"1"}', invalid('atLeast')],
    ['a position that is no number', '{"atLeast":1e999}', invalid('atLeast')],
    ['strict, perhaps', '{"strict":"yes"}', invalid('strict')],
  ];
  it.each(rows)('%s', async (_, body, expected) => {
    expectHttpProblem(await callers.verifier('POST', '/v1/verify', body), refusal(expected));
    expectProblem(await ask(nc, 'tollgate.v1.tokens.verify', body), refusal(expected));
  });
  it('a batch of none, of too many, and with a wrong one among them', async () => {
    const batch = (requests: unknown) => callers.verifier('POST', '/v1/verify/batch', { requests });
    expectHttpProblem(await batch([]), refusal(invalid('requests')));
    expectHttpProblem(await batch(Array(101).fill({})), refusal(invalid('requests')));
    expectHttpProblem(await batch([{}, { tokn: 'x' }]), refusal(invalid('requests[1].tokn')));
  });
  it('a resource without the space that it is in', async () => {
    const body = { token: secret, resource: 'agents', operation: 'list' };
    expectHttpProblem(await callers.verifier('POST', '/v1/verify', body), refusal([400, 'SPACE_REQUIRED', 'space']));
  });
  it.each(['', ' ', '\0', '\ud800', 'sk_live_', `sk_live_${'f'.repeat(64)}_000000`, "' OR 1=1 --", '../../etc', '{}'])(
    'the token %j is refused by a decision',
    async (token) => {
      const decision = must(200, await callers.verifier('POST', '/v1/verify', { token, space }));
      expect(decision).toMatchObject({ valid: false, code: token === '' ? 'TOKEN_MISSING' : 'TOKEN_INVALID' });
    },
  );
  it('10 MB', async () => {
    const body = JSON.stringify({ token: 'x'.repeat(10 * 1024 * 1024) });
    const jwt = await callers.jwt({ sub: 'shop', scope: 'tokens:verify' });
    const headers = { authorization: `Bearer ${jwt}`, 'content-type': 'application/json' };
    const answer = await rawRequest(`${stack.verifierUrl}/v1/verify`, { method: 'POST', headers, body });
    expectHttpProblem(answer, refusal([413, 'PAYLOAD_TOO_LARGE']));
    await expect(ask(nc, 'tollgate.v1.tokens.verify', body)).rejects.toThrow(/payload/i);
  });
});
