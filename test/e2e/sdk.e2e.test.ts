import { execFileSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEmbeddedVerifier, TollgateClient, type TokenVerifier } from '@tollgate/sdk';
import { startStack, type TestStack } from '@tollgate/stack';
import { startServer } from '../../examples/embedded/server.ts';
import { createApp as expressApp } from '../../examples/express/server.ts';
import { createApp as fastifyApp } from '../../examples/fastify/server.ts';
import { createApp as nestApp } from '../../examples/nestjs/server.ts';
import { type Callers, callersOf, makeOrganization, makeToken, must, type Organization } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { expectRebuildsIdentical } from '../support/promises.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let overHttp: TollgateClient;
let overNats: TollgateClient;

/** As an operator makes them: `tollgate nats creds NAME --allow GRANT`. */
function credsWith(grant: string): string {
  const cli = join(import.meta.dirname, '..', '..', 'libs', 'sdk', 'bin', 'tollgate.mjs');
  return execFileSync(process.execPath, [cli, 'nats', 'creds', 'shop', '--allow', grant], {
    env: { ...stack.env, NODE_OPTIONS: '' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  const jwt = await callers.jwt({ sub: 'shop', scope: 'tokens:verify' });
  overHttp = new TollgateClient({ verifierUrl: stack.verifierUrl, token: jwt });
  overNats = new TollgateClient({ transport: { nats: { url: stack.state.natsUrl, creds: credsWith('verify') } } });
}, 60_000);
afterAll(async () => {
  await overNats?.close();
  await stack?.stop();
});

async function knownToken(verifier: TokenVerifier) {
  const { token, secret, position } = await makeToken(acme);
  expect(await verifier.verify({ token: secret, atLeast: position })).toMatchObject({ valid: true, tokenId: token.id });
  return { id: token.id as string, secret: secret as string };
}
const revoke = async (id: string) => must(200, await acme.owner('POST', acme.at(`/tokens/${id}/revoke`), {}));

/** What every guard promises, on a running example. */
async function expectGuarded(verifier: TokenVerifier, url: string) {
  const call = async (bearer?: string) => {
    const response = await fetch(url, bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` } });
    const { status, headers } = response;
    return {
      status,
      challenge: headers.get('www-authenticate'),
      type: headers.get('content-type'),
      body: await response.json(),
    };
  };
  const { id, secret } = await knownToken(verifier);
  expect(await call(secret)).toMatchObject({ status: 200, body: { agents: [], seenBy: id } });
  expect(await call()).toMatchObject({ status: 401, challenge: 'Bearer', body: { code: 'TOKEN_MISSING' } });
  const unknown = await call('nothing of ours');
  expect(unknown).toMatchObject({
    status: 401,
    challenge: 'Bearer error="invalid_token"',
    body: { code: 'TOKEN_INVALID' },
  });
  expect(unknown.type).toMatch(/^application\/problem\+json/);
  await revoke(id);
  expect(await call(secret)).toEqual(unknown);
  const elsewhere = must(
    201,
    await acme.owner('POST', acme.at('/tokens'), {
      name: 'Of somebody with no permission here',
      accountId: acme.memberId,
      scope: { type: 'multi-space' },
      acknowledgeBilling: true,
    }),
  );
  await verifier.verify({ token: elsewhere.secret, atLeast: elsewhere.position });
  expect(await call(elsewhere.secret)).toMatchObject({
    status: 403,
    challenge: 'Bearer error="insufficient_scope"',
    body: { code: 'SCOPE_DENIED' },
  });
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe('the client', () => {
  it('verifies the same over HTTP and over NATS', async () => {
    const { secret } = await knownToken(overNats);
    const request = { token: secret, space: acme.space.id, resource: 'agents', operation: 'list' };
    const comparable = async (verifier: TokenVerifier) => {
      const { decisionId: _, leaseRemainingMs: __, ...decision } = await verifier.verify(request);
      return decision;
    };
    expect(await comparable(overNats)).toEqual(await comparable(overHttp));
    for (const verifier of [overNats, overHttp]) {
      await expect(verifier.verify({ ...request, colour: 'red' } as never)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      });
    }
  });

  it('says when its NATS user may not', async () => {
    const wrong = new TollgateClient({
      transport: { nats: { url: stack.state.natsUrl, creds: credsWith('events-feed') } },
    });
    await expect(wrong.verify({})).rejects.toMatchObject({
      code: expect.stringMatching(/FORBIDDEN|SERVICE_UNAVAILABLE/),
    });
    await wrong.close();
  });
});

describe('guards', () => {
  it('of Express', async () => {
    const server = expressApp(overHttp, acme.space.id).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    await expectGuarded(overHttp, `${urlOf(server)}/agents`);
    server.close();
  });

  it('of Fastify, over NATS', async () => {
    const app = fastifyApp(overNats, acme.space.id);
    await expectGuarded(overNats, `${await app.listen({ port: 0, host: '127.0.0.1' })}/api/agent-base?limit=5`);
    await app.close();
  });

  it('of NestJS', async () => {
    const app = await nestApp(overHttp, acme.space.id);
    await app.listen(0, '127.0.0.1');
    await expectGuarded(overHttp, `${urlOf(app.getHttpServer())}/agents`);
    await app.close();
  });
});

describe('an embedded verifier', () => {
  it('decides in its process, takes part in the barrier, and gives its lease back', async () => {
    const natsUrl = stack.state.natsUrl;
    const running = await startServer({
      natsUrl,
      creds: credsWith('embedded-verifier'),
      space: acme.space.id,
      port: 0,
    });
    await expectGuarded(running.verifier, urlOf(running.server));

    const { id, secret } = await knownToken(running.verifier);
    expect((await revoke(id)).barrier).toMatchObject({ verifiers: 2, mode: 'acknowledged' });
    expect(await running.verifier.verify({ token: secret })).toMatchObject({ valid: false, reason: 'revoked' });

    await running.close();
    const after = await knownToken(overHttp);
    expect((await revoke(after.id)).barrier).toMatchObject({ verifiers: 1, mode: 'acknowledged' });
    await expect(running.verifier.verify({ token: secret })).rejects.toMatchObject({ code: 'UNDECIDABLE' });
  });

  it('counts every use once, and loses none when it is closed', async () => {
    const verifier = await createEmbeddedVerifier({
      natsUrl: stack.state.natsUrl,
      creds: credsWith('embedded-verifier'),
    });
    const { id, secret } = await knownToken(verifier);
    const uses = async () => must(200, await acme.owner('GET', acme.at(`/tokens/${id}`))).usageCount;
    for (let n = 0; n < 9; n++) await verifier.verify({ token: secret });
    await eventually(async () => expect(await uses()).toBe(10), 2_000);
    for (let n = 0; n < 500; n++) await verifier.verify({ token: secret });
    await verifier.close();
    expect(await uses()).toBe(510);
  });
});

describe('after all of that', () => {
  it('every read model equals its rebuild', () => expectRebuildsIdentical(callers));
});
