import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { createUserCreds } from '@tollgate/identity';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
  request,
  verifyDecidably,
} from '../support/api.ts';
import { projections } from '../support/promises.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
}, 60_000);
afterAll(() => stack?.stop());

const verify = (token: string, wishes: object = {}) => verifyDecidably(callers, { token, ...wishes });

describe('the life of a token, over HTTP', () => {
  it('is issued, verified, regenerated, revoked, billed and audited', async () => {
    const { owner, at, space } = acme;
    const quote = must(200, await owner('GET', at('/billing/quote?scope=multi-space')));
    expect(quote).toMatchObject({
      recurring: { amount: '2900', currency: 'EUR' },
      firstPeriod: { policy: 'second.v1' },
    });

    const created = await makeToken(acme);
    expect(created.secret).toMatch(/^sk_live_[0-9a-f]{64}_[0-9A-Za-z]{6}$/);
    expect(created.token).toMatchObject({
      name: 'My Claude Connection',
      status: 'active',
      account: { kind: 'service', name: 'n8n' },
      product: 'default',
      environment: 'live',
      prefix: created.secret.slice(0, 8),
      hint: `sk_live_...${created.secret.slice(-4)}`,
      version: 1,
      createdBy: acme.ownerId,
      seat: { billable: true },
    });
    const tok = created.token.id;
    expect(must(200, await owner('GET', at(`/tokens/${tok}`)))).toEqual(created.token);
    const list = must(200, await owner('GET', at(`/tokens?search=claude&atLeast=${created.position}`)));
    expect(list.items).toEqual([created.token]);

    const held = must(
      200,
      await verify(created.secret, {
        space: space.id,
        resource: 'agents',
        operation: 'list',
        atLeast: created.position,
      }),
    );
    expect(held).toMatchObject({
      valid: true,
      code: 'OK',
      tokenId: tok,
      orgId: acme.org.id,
      scope: 'multi-space',
      spaces: [space.id],
    });
    expect(
      must(200, await verify(created.secret, { space: space.id, resource: 'storage', operation: 'upload' })),
    ).toMatchObject({ valid: false, code: 'PERMISSION_DENIED' });

    const regenerated = must(200, await owner('POST', at(`/tokens/${tok}/regenerate`), { reason: 'rotation' }));
    expect(regenerated.barrier).toMatchObject({ verifiers: 1, mode: 'acknowledged' });
    expect(must(200, await verify(created.secret))).toMatchObject({
      valid: false,
      code: 'TOKEN_INVALID',
      reason: 'superseded',
    });
    expect(must(200, await verify(regenerated.secret))).toMatchObject({ valid: true, tokenId: tok });

    const revoked = must(200, await owner('POST', at(`/tokens/${tok}/revoke`), { reason: 'no longer needed' }));
    expect(revoked).toMatchObject({ token: { status: 'revoked' }, barrier: { verifiers: 1, mode: 'acknowledged' } });
    expect(must(200, await verify(regenerated.secret))).toMatchObject({
      valid: false,
      code: 'TOKEN_INVALID',
      reason: 'revoked',
    });

    const seats = must(200, await owner('GET', at(`/billing/seats?atLeast=${revoked.position}`)));
    expect(seats.items).toMatchObject([
      {
        tokenId: tok,
        scope: 'multi-space',
        plan: 'pro',
        billable: true,
        openedAt: created.token.createdAt,
        price: { amount: '2900', currency: 'EUR' },
      },
    ]);
    expect(seats.items[0].closedAt > seats.items[0].openedAt).toBe(true);

    const audit = must(
      200,
      await owner('GET', at(`/audit?namespace=API%20Tokens&target=${tok}&atLeast=${revoked.position}`)),
    );
    expect(audit.items.map((entry: { action: string }) => entry.action)).toEqual([
      'token.revoked',
      'token.regenerated',
      'token.created',
    ]);
    expect(audit.items[0]).toMatchObject({
      actor: { type: 'account', id: acme.ownerId, name: 'Ada Lovelace' },
      targets: expect.arrayContaining([{ type: 'token', id: tok, name: 'My Claude Connection' }]),
      outcome: 'success',
      reason: 'no longer needed',
      context: { ip: '127.0.0.1' },
    });
  });

  it('stays revoked: a repeated revoke runs its barrier again, everything else is refused', async () => {
    const { owner, at } = acme;
    const { token } = await makeToken(acme);
    const first = must(200, await owner('POST', at(`/tokens/${token.id}/revoke`)));
    const again = must(200, await owner('POST', at(`/tokens/${token.id}/revoke`)));
    expect(again).toMatchObject({ position: first.position, barrier: { mode: 'acknowledged' } });
    for (const action of ['regenerate', 'activate', 'deactivate'])
      expect((await owner('POST', at(`/tokens/${token.id}/${action}`))).body.code).toBe('TOKEN_REVOKED');
    expect(await owner('DELETE', at(`/tokens/${token.id}`))).toMatchObject({
      status: 405,
      body: { code: 'TOKENS_ARE_REVOKED_NOT_DELETED' },
    });
  });

  it('an inactive token is refused until it is activated', async () => {
    const { owner, at } = acme;
    const { token, secret } = await makeToken(acme);
    must(200, await owner('POST', at(`/tokens/${token.id}/deactivate`)));
    expect(must(200, await verify(secret))).toMatchObject({ code: 'TOKEN_INVALID', reason: 'inactive' });
    const { position } = must(200, await owner('POST', at(`/tokens/${token.id}/activate`)));
    expect(must(200, await verify(secret, { atLeast: position }))).toMatchObject({ valid: true });
  });

  it('an account that leaves takes its tokens with it, and a space closes when its member is removed', async () => {
    const own = await makeOrganization(callers);
    const { secret, token, position } = await makeToken(own);
    const wishes = { space: own.space.id, resource: 'agents', operation: 'list' };
    expect(must(200, await verify(secret, { ...wishes, atLeast: position }))).toMatchObject({ valid: true });
    must(200, await own.owner('DELETE', own.at(`/spaces/${own.space.id}/members/${own.service.id}`)));
    expect(must(200, await verify(secret, wishes))).toMatchObject({ code: 'SCOPE_DENIED' });
    const left = must(200, await own.owner('POST', own.at(`/accounts/${own.service.id}/deactivate`)));
    expect(left).toMatchObject({ account: { status: 'deactivated' }, tokens: [{ id: token.id }] });
    expect(must(200, await verify(secret))).toMatchObject({ code: 'TOKEN_INVALID', reason: 'account-deactivated' });
  });
});

describe('verification over NATS', () => {
  it('answers a plain client that may do nothing else', async () => {
    const { secret, position } = await makeToken(acme);
    const keys = JSON.parse(readFileSync(stack.state.natsAccountKeysFile as string, 'utf8'));
    const { mergePermissions, busPermissions } = await import('@tollgate/contracts');
    const creds = await createUserCreds(keys, 'shop', mergePermissions([busPermissions('outside:verify')]));
    const nc = await connect({
      servers: stack.state.natsUrl,
      authenticator: credsAuthenticator(new TextEncoder().encode(creds)),
    });
    try {
      const ask = async (body: object) => {
        const reply = await nc.request('tollgate.v1.tokens.verify', JSON.stringify(body), { timeout: 5000 });
        return {
          code: reply.headers?.get('Nats-Service-Error-Code') ?? '',
          body: reply.json<Record<string, unknown>>(),
        };
      };
      expect(await ask({ token: secret, atLeast: position })).toMatchObject({
        code: '',
        body: { valid: true, code: 'OK' },
      });
      expect(await ask({ token: `${secret.slice(0, -1)}!` })).toMatchObject({
        body: { valid: false, code: 'TOKEN_INVALID' },
      });
      expect(await ask({})).toMatchObject({ body: { code: 'TOKEN_MISSING' } });
      expect(await ask({ tokn: secret })).toMatchObject({
        code: '400',
        body: { code: 'INVALID_INPUT', errors: [{ path: 'tokn' }] },
      });
      await expect(nc.request('tollgate.v1.tokens.revoke', '{}', { timeout: 1000 })).rejects.toThrow();
    } finally {
      await nc.close();
    }
  });
});

describe('who may do what', () => {
  const input = () => ({
    name: 'x',
    accountId: acme.service.id,
    scope: { type: 'multi-space' },
    acknowledgeBilling: true,
  });

  it('a member who tries to create a token gets 403 that names who may', async () => {
    const answer = await acme.member('POST', acme.at('/tokens'), input());
    expect(answer).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN', detail: expect.stringContaining('owner') },
    });
  });

  it('a member sees its own tokens only', async () => {
    const foreign = await makeToken(acme);
    const own = await makeToken(acme, { accountId: acme.memberId });
    const list = must(200, await acme.member('GET', acme.at(`/tokens?atLeast=${own.position}`)));
    expect(list.items.map((token: { id: string }) => token.id)).toEqual([own.token.id]);
    expect((await acme.member('GET', acme.at(`/tokens/${foreign.token.id}`))).status).toBe(404);
  });

  it('a foreign organization is not there', async () => {
    const globex = await makeOrganization(callers, { name: 'Globex' });
    expect(await acme.owner('GET', globex.at('/tokens'))).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    const { token } = await makeToken(globex);
    expect(await acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`))).toMatchObject({ status: 404 });
  });

  it('no JWT, a forged one and an expired one get 401', async () => {
    const get = (headers: Record<string, string>) => request(`${stack.url}${acme.at('')}`, 'GET', undefined, headers);
    const expired = await callers.jwt({ sub: acme.ownerId, org: acme.org.id, expiresInSeconds: -60 });
    const good = await callers.jwt({ sub: acme.ownerId, org: acme.org.id });
    for (const headers of [
      {},
      { authorization: 'Bearer junk' },
      { authorization: `Bearer ${good.slice(0, -3)}abc` },
      { authorization: `Bearer ${expired}` },
    ] as Record<string, string>[]) {
      expect(await get(headers)).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    }
    expect((await get({ authorization: `Bearer ${good}` })).status).toBe(200);
  });
});

describe('retries', () => {
  it('the same Idempotency-Key and body do it once, and the secret is not shown again', async () => {
    const { owner, at, service } = acme;
    const body = { name: 'Retried', accountId: service.id, scope: { type: 'multi-space' }, acknowledgeBilling: true };
    const headers = { 'idempotency-key': 'key-1' };
    const first = must(201, await owner('POST', at('/tokens'), body, headers));
    const again = must(201, await owner('POST', at('/tokens'), body, headers));
    expect(again).toEqual({ ...first, secret: null, secretAlreadyShown: true });
    expect(await owner('POST', at('/tokens'), { ...body, name: 'Other' }, headers)).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    });
    const list = must(200, await owner('GET', at(`/tokens?search=retried&atLeast=${first.position}`)));
    expect(list.items).toHaveLength(1);
  });
});

describe('rebuilding', () => {
  it.each(projections)('%s gives the same, byte for byte', async (name) => {
    const { team } = must(201, await acme.owner('POST', acme.at('/teams'), { name }));
    await makeToken(acme, { teamId: team.id });
    const policy = { deny: { tools: ['b'] }, allow: { tools: ['*'] } };
    must(200, await acme.owner('PUT', acme.at(`/teams/${team.id}/policy`), policy));
    expect(must(200, await callers.operator('POST', `/v1/projections/${name}/rebuild`))).toMatchObject({
      identical: true,
      differences: [],
    });
  });
});

describe('the ground', () => {
  it('keeps its data directory to its owner', () => {
    expect(readFileSync(join(stack.dataDir, 'stack.json'), 'utf8')).not.toContain('password');
  });
});
