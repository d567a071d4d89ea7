import { Module } from '@nestjs/common';
import { Handles, operationsController, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { operation, TollgateError } from '@tollgate/contracts';
import {
  developmentIssuerDocuments,
  loadOrCreateDevelopmentKey,
  signDevelopmentJwt,
  type DevelopmentJwtClaims,
} from '@tollgate/identity';
import { createLogger } from '@tollgate/telemetry';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ServiceDefinition } from '../service.ts';

export const who = operation({
  name: 'test.who',
  service: 'billing-meter',
  kind: 'query',
  summary: 'Says who calls',
  who: ['operator', 'owner', 'scope:billing:read'],
  input: z.strictObject({ org: z.string() }),
  output: z.object({ principal: z.unknown() }),
});

export class WhoHandler implements OperationHandler<typeof who> {
  async execute({ call }: OperationMessage<typeof who>) {
    return { principal: call.principal };
  }
}
Handles(who)(WhoHandler);

export class TestModule {}
Module({ controllers: [operationsController('billing-meter', { operations: [who] })], providers: [WhoHandler] })(
  TestModule,
);

/** A service with one operation and a few routes that fail in their own ways. */
export const testService: ServiceDefinition = {
  name: 'billing-meter',
  module: TestModule,
  operations: [who],
  http: (fastify) => {
    fastify.get('/things/:id', () => ({ ok: true }));
    fastify.post('/things/:id', (request) => ({ body: request.body ?? null }));
    fastify.get('/unavailable', () => {
      throw new TollgateError('SERVICE_UNAVAILABLE', 'Postgres is away. Try again shortly.');
    });
    fastify.get('/refused', () => {
      throw new TollgateError('UNAUTHENTICATED', 'There is no Authorization header.');
    });
    fastify.get('/broken', () => {
      throw new Error('canary: something internal');
    });
    fastify.get('/slow', async () => {
      createLogger('fixture').info('a slow request has come');
      await sleep(800);
      return { done: true };
    });
  },
};

export interface TestIssuer {
  readonly issuer: string;
  jwt(claims: DevelopmentJwtClaims, options?: { issuer?: string; audience?: string }): Promise<string>;
  stop(): Promise<void>;
}

/** An OpenID Connect issuer with a key pair of its own. */
export async function startIssuer(): Promise<TestIssuer> {
  const directory = await mkdtemp(join(tmpdir(), 'tollgate-issuer-'));
  const key = await loadOrCreateDevelopmentKey(directory);
  const server = createServer((request, response) => {
    const { configuration, jwks } = developmentIssuerDocuments(key, issuer);
    const document = { '/.well-known/openid-configuration': configuration, '/jwks': jwks }[request.url ?? ''];
    response
      .writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    jwt: (claims, options = {}) =>
      signDevelopmentJwt(key, options.issuer ?? issuer, options.audience ?? 'tollgate', claims),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

/** Repeats a question until it is answered with yes, and says after how many milliseconds. */
export async function until(question: () => Promise<boolean>, withinMs: number): Promise<number> {
  const startedMs = performance.now();
  while (!(await question())) {
    if (performance.now() - startedMs > withinMs) throw new Error(`not within ${withinMs} ms`);
    await sleep(25);
  }
  return performance.now() - startedMs;
}
