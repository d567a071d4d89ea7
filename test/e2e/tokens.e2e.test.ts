import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import { compactDecrypt } from 'jose';
import {
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
  verifyDecidably,
} from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { expectRebuildsIdentical } from '../support/promises.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
}, 120_000);
afterAll(() => stack?.stop());

const verify = async (token: string, wishes: object = {}) =>
  must(200, await verifyDecidably(callers, { token, ...wishes }));
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('editing', () => {
  it('reassigns a token to another account, under the barrier', async () => {
    const { owner, at, memberId } = acme;
    const { token, secret } = await makeToken(acme);
    const edited = must(200, await owner('PATCH', at(`/tokens/${token.id}`), { accountId: memberId }));
    expect(edited).toMatchObject({ token: { account: { id: memberId } }, barrier: { mode: 'acknowledged' } });
    expect(await verify(secret)).toMatchObject({ valid: true, account: { id: memberId }, spaces: [] });
  });

  it('refuses another scope with the advice to create anew', async () => {
    const { token } = await makeToken(acme);
    const answer = await acme.owner('PATCH', acme.at(`/tokens/${token.id}`), { scope: { type: 'multi-space' } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'SCOPE_IMMUTABLE', errors: [{ path: 'scope' }] } });
    expect(answer.body.detail).toContain('Create a new token');
  });

  it('refuses what lies in the past and what has expired', async () => {
    const { owner, at } = acme;
    const { token, secret } = await makeToken(acme);
    const expiresAt = new Date(Date.now() + 1_500).toISOString();
    expect((await owner('PATCH', at(`/tokens/${token.id}`), { expiresAt: '2020-01-01T00:00:00Z' })).body.code).toBe(
      'EXPIRY_IN_PAST',
    );
    must(200, await owner('PATCH', at(`/tokens/${token.id}`), { expiresAt }));
    expect(await verify(secret)).toMatchObject({ valid: true, expiresAt });
    while (Date.now() <= Date.parse(expiresAt)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await verify(secret)).toMatchObject({ code: 'TOKEN_INVALID', reason: 'expired' });
    expect(must(200, await owner('GET', at(`/tokens/${token.id}`))).status).toBe('expired');
    const expired = must(200, await owner('GET', at('/tokens?status=expired')));
    expect(expired.items.map(({ id }: { id: string }) => id)).toContain(token.id);
    expect((await owner('PATCH', at(`/tokens/${token.id}`), { name: 'Too late' })).body.code).toBe('TOKEN_EXPIRED');
    const seats = must(200, await owner('GET', at('/billing/seats?limit=200')));
    const seat = seats.items.find(({ tokenId }: { tokenId: string }) => tokenId === token.id);
    expect(seat.closedAt).toBe(expiresAt);
  });
});

describe('rotation in place', () => {
  it('lets the old secret hold until its overlap is ended', async () => {
    const { owner, at } = acme;
    const { token, secret: old } = await makeToken(acme);
    const regenerated = must(200, await owner('POST', at(`/tokens/${token.id}/regenerate`), { overlapSeconds: 600 }));
    expect(regenerated.token.overlap).toMatchObject({ hint: token.hint });
    expect(await verify(old)).toMatchObject({ valid: true, tokenId: token.id });
    expect(await verify(regenerated.secret)).toMatchObject({ valid: true, tokenId: token.id });
    const ended = must(200, await owner('POST', at(`/tokens/${token.id}/end-overlap`)));
    expect(ended.token.overlap).toBeNull();
    expect(await verify(old)).toMatchObject({ code: 'TOKEN_INVALID', reason: 'superseded' });
    expect(await verify(regenerated.secret)).toMatchObject({ valid: true });
  });

  it('a revoke ends both secrets', async () => {
    const { owner, at } = acme;
    const { token, secret: old } = await makeToken(acme);
    const { secret } = must(200, await owner('POST', at(`/tokens/${token.id}/regenerate`), { overlapSeconds: 600 }));
    must(200, await owner('POST', at(`/tokens/${token.id}/revoke`)));
    expect(await verify(old)).toMatchObject({ code: 'TOKEN_INVALID' });
    expect(await verify(secret)).toMatchObject({ code: 'TOKEN_INVALID', reason: 'revoked' });
  });
});

describe('environments', () => {
  it('a test token is not billed and does not hold where live is asked', async () => {
    const { token, secret } = await makeToken(acme, { environment: 'test' });
    expect(token).toMatchObject({ environment: 'test', prefix: 'sk_test_', seat: { billable: false } });
    expect(await verify(secret)).toMatchObject({ code: 'TOKEN_INVALID', reason: 'environment' });
    expect(await verify(secret, { environment: 'test' })).toMatchObject({ valid: true });
  });
});

describe('taking over keys of an older system', () => {
  const key = () => `old-${randomBytes(20).toString('hex')}`;
  const row = (text: string) => ({
    ...{ name: 'Imported', accountId: acme.service.id, scope: { type: 'multi-space' }, acknowledgeBilling: true },
    ...{ digest: sha256(text), hint: `old-…`.replace('…', text.slice(-4)) },
  });

  it('lets them work on', async () => {
    const keys = [key(), key(), key()];
    const imported = must(201, await acme.owner('POST', acme.at('/tokens/import'), { tokens: keys.map(row) }));
    expect(imported.tokens).toHaveLength(3);
    for (const [index, text] of keys.entries()) {
      expect(await verify(text, { atLeast: imported.position })).toMatchObject({
        valid: true,
        tokenId: imported.tokens[index].id,
      });
    }
  });

  it('imports all or nothing and names the row', async () => {
    const before = must(200, await acme.owner('GET', acme.at('/tokens?limit=200'))).items.length;
    const bad = { ...row(key()), accountId: `acc_${'0'.repeat(26)}` };
    const answer = await acme.owner('POST', acme.at('/tokens/import'), { tokens: [row(key()), bad] });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'UNKNOWN_REFERENCE', errors: [{ path: 'tokens[1].accountId' }] },
    });
    expect(must(200, await acme.owner('GET', acme.at('/tokens?limit=200'))).items).toHaveLength(before);
  });

  it("takes over no digest of a token that exists, another organization's least of all", async () => {
    const { secret } = await makeToken(acme);
    const globex = await makeOrganization(callers, { name: 'Globex' });
    const stolen = { ...row('x'), digest: sha256(secret), accountId: globex.service.id };
    const answer = await globex.owner('POST', globex.at('/tokens/import'), { tokens: [stolen] });
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'DIGEST_IN_USE', errors: [{ path: 'tokens[0].digest' }] },
    });
    expect(await verify(secret)).toMatchObject({ valid: true, orgId: acme.org.id });
  });
});

describe('managed agents', () => {
  it('are provisioned, rotated and retired; their token is not edited by hand', async () => {
    const { owner, at, service } = acme;
    const input = { name: 'Nightly report', accountId: service.id, scope: { type: 'multi-space' } };
    const created = must(201, await owner('POST', at('/agents'), input));
    expect(created).toMatchObject({ agent: { status: 'active', tokenId: created.token.id }, token: { managed: true } });
    expect(await verify(created.secret, { atLeast: created.position })).toMatchObject({ valid: true });
    for (const [method, action, body] of [
      ['PATCH', '', { name: 'x' }],
      ['POST', '/regenerate', {}],
    ] as const) {
      const answer = await owner(method, at(`/tokens/${created.token.id}${action}`), body);
      expect(answer).toMatchObject({ status: 409, body: { code: 'MANAGED_TOKEN' } });
    }
    const rotated = must(200, await owner('POST', at(`/agents/${created.agent.id}/rotate`)));
    expect(await verify(created.secret)).toMatchObject({ code: 'TOKEN_INVALID', reason: 'superseded' });
    expect(await verify(rotated.secret)).toMatchObject({ valid: true });
    const retired = must(200, await owner('POST', at(`/agents/${created.agent.id}/retire`)));
    expect(retired).toMatchObject({ agent: { status: 'retired' }, token: { status: 'revoked' } });
    expect(await verify(rotated.secret)).toMatchObject({ code: 'TOKEN_INVALID', reason: 'revoked' });
    const seats = must(200, await owner('GET', at('/billing/seats?limit=200')));
    const seat = seats.items.find(({ tokenId }: { tokenId: string }) => tokenId === created.token.id);
    expect(seat).toMatchObject({ billable: false, price: { amount: '0' } });
  });

  it('get their secret sealed to their public key', async () => {
    const { owner, at, service } = acme;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const input = { name: 'Sealed', accountId: service.id, scope: { type: 'multi-space' }, publicKey: pem };
    const created = must(201, await owner('POST', at('/agents'), input));
    expect(created.secret).toBeUndefined();
    const { plaintext } = await compactDecrypt(created.sealedSecret, privateKey);
    expect(await verify(new TextDecoder().decode(plaintext), { atLeast: created.position })).toMatchObject({
      valid: true,
    });
    expect((await owner('POST', at('/agents'), { ...input, publicKey: 'no key' })).body.code).toBe(
      'PUBLIC_KEY_UNUSABLE',
    );
  });
});

describe('leaks', () => {
  it('stop a live token and label what was reported', async () => {
    const scanner = await callers.service('scanner', 'leaks:report');
    const { token, secret } = await makeToken(acme);
    const report = (text: string) => ({ token: text, type: 'tollgate_token', url: '', source: 'commit' });
    const junk = `${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`;
    const labels = must(200, await scanner('POST', '/v1/leaks', [report(secret), report(junk), report('hello')]));
    expect(labels.map(({ label }: { label: string }) => label)).toEqual([
      'true_positive',
      'false_positive',
      'false_positive',
    ]);
    expect(labels[0]).toMatchObject({ token_hash: sha256(secret), token_type: 'tollgate_token' });
    expect(await verify(secret)).toMatchObject({ code: 'TOKEN_INVALID', reason: 'revoked' });
    const { position } = await makeToken(acme);
    const audit = must(
      200,
      await acme.owner('GET', acme.at(`/audit?action=token.revoked&target=${token.id}&atLeast=${position}`)),
    );
    expect(audit.items[0]).toMatchObject({
      action: 'token.revoked',
      reason: 'leaked: commit',
      actor: { type: 'service', id: 'scanner' },
    });
    expect((await acme.owner('POST', '/v1/leaks', [report(secret)])).status).toBe(403);
  });
});

describe('revoking many at once', () => {
  it('shows them first, then revokes them under one barrier', async () => {
    const own = await makeOrganization(callers, { name: 'Initech' });
    const tokens = [await makeToken(own), await makeToken(own), await makeToken(own, { name: 'Other' })];
    const filter = { search: 'claude' };
    const dry = must(200, await own.owner('POST', own.at('/tokens/revoke-all'), { ...filter, dryRun: true }));
    expect(dry.items).toHaveLength(2);
    expect(await verify(tokens[0].secret)).toMatchObject({ valid: true });
    const done = must(200, await own.owner('POST', own.at('/tokens/revoke-all'), filter));
    expect(done).toMatchObject({
      items: [{ status: 'revoked' }, { status: 'revoked' }],
      barrier: { mode: 'acknowledged' },
    });
    expect(await verify(tokens[0].secret)).toMatchObject({ reason: 'revoked' });
    expect(await verify(tokens[1].secret)).toMatchObject({ reason: 'revoked' });
    expect(await verify(tokens[2].secret)).toMatchObject({ valid: true });
    expect((await own.member('POST', own.at('/tokens/revoke-all'), filter)).status).toBe(403);
  });
});

describe('a multi-space token', () => {
  it('works in a space from the moment its account belongs to it, with nothing to reconnect', async () => {
    const own = await makeOrganization(callers, { name: 'Initech' });
    const { secret, position } = await makeToken(own);
    const { space } = must(201, await own.owner('POST', own.at('/spaces'), { name: 'Sales' }));
    const wishes = { space: space.id, resource: 'chat', operation: 'chat' };
    expect(await verify(secret, { ...wishes, atLeast: position })).toMatchObject({ code: 'SCOPE_DENIED' });
    const joined = must(
      200,
      await own.owner('PUT', own.at(`/spaces/${space.id}/members/${own.service.id}`), { permissions: ['chat:*'] }),
    );
    expect(await verify(secret, { ...wishes, atLeast: joined.position })).toMatchObject({
      valid: true,
      spaces: expect.arrayContaining([own.space.id, space.id]),
    });
  });

  it('is one of several of its account: revoking it leaves the others', async () => {
    const own = await makeOrganization(callers, { name: 'Soylent' });
    const [one, other] = [await makeToken(own), await makeToken(own)];
    must(200, await own.owner('POST', own.at(`/tokens/${one.token.id}/revoke`)));
    expect(await verify(one.secret)).toMatchObject({ reason: 'revoked' });
    expect(await verify(other.secret)).toMatchObject({ valid: true });
  });
});

describe('the list', () => {
  it('shows what was not used since an instant, never used or long ago', async () => {
    const own = await makeOrganization(callers, { name: 'Wonka' });
    const [used, idle] = [await makeToken(own, { name: 'Used' }), await makeToken(own, { name: 'Idle' })];
    const since = new Date(Date.parse(idle.token.createdAt) + 1).toISOString();
    expect(await verify(used.secret, { atLeast: used.position })).toMatchObject({ valid: true });
    const unused = async () => {
      const { items } = must(200, await own.owner('GET', own.at(`/tokens?unusedSince=${since}`)));
      return items.map(({ id }: { id: string }) => id);
    };
    await eventually(async () => expect(await unused()).toEqual([idle.token.id]));
  });

  it('finds by the beginning of any word, whatever case and accent', async () => {
    const own = await makeOrganization(callers, { name: 'Umbrella' });
    const { position } = await makeToken(own, { name: 'Señor Claude’s helper' });
    const found = async (search: string) =>
      must(200, await own.owner('GET', own.at(`/tokens?search=${encodeURIComponent(search)}&atLeast=${position}`)))
        .items.length;
    expect([await found('senor'), await found('CLAU'), await found('señor claude'), await found('aude')]).toEqual([
      1, 1, 1, 0,
    ]);
  });

  it('pages through all tokens without gap or repeat, in any order', async () => {
    const own = await makeOrganization(callers, { name: 'Hooli' });
    const made = [];
    for (let index = 0; index < 7; index += 1) made.push(await makeToken(own, { name: `Token ${index % 3}` }));
    for (const sort of ['createdAt', '-createdAt', 'name', '-name']) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query = `sort=${sort}&limit=3&atLeast=${made.at(-1).position}${cursor ? `&cursor=${cursor}` : ''}`;
        const page = must(200, await own.owner('GET', own.at(`/tokens?${query}`)));
        seen.push(...page.items.map(({ id }: { id: string }) => id));
        cursor = page.nextCursor;
      } while (cursor);
      expect(new Set(seen).size).toBe(7);
      expect(seen).toHaveLength(7);
    }
  });
});

describe('after all of that', () => {
  it('every read model equals its rebuild', () => expectRebuildsIdentical(callers));
});
