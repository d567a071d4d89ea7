import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { operation, TollgateError, type AnyOperation } from '@tollgate/contracts';
import type { JwtVerifier, PrincipalResolver } from '@tollgate/identity';
import { z } from 'zod';
import type { Bus } from '../bus.ts';
import { Handles, type OperationHandler, type OperationMessage } from '../handlers.ts';
import { operationsController } from '../operations-controller.ts';
import { NatsServiceStrategy } from '../strategy.ts';

const service = 'token-command' as const;

export const greet = operation({
  name: 'test.greet',
  service,
  kind: 'query',
  summary: 'Greets',
  http: { method: 'GET', path: '/v1/orgs/:org/greeting' },
  who: ['owner'],
  input: z.strictObject({
    org: z.string(),
    name: z.string().max(20),
    scope: z.strictObject({ spaceId: z.string() }).optional(),
    tokens: z.array(z.strictObject({ digest: z.string() })).optional(),
  }),
  output: z.object({ text: z.string(), requestId: z.string(), principal: z.unknown() }),
});

export const fail = operation({
  name: 'test.fail',
  service,
  kind: 'command',
  summary: 'Fails as it is told',
  who: ['caller'],
  input: z.strictObject({ how: z.enum(['refusal', 'bug', 'outage', 'oversized', 'slow']) }),
  output: z.unknown(),
});

export const echo = operation({
  name: 'test.echo',
  service,
  kind: 'query',
  summary: 'Answers what came',
  who: ['caller'],
  input: z.strictObject({ text: z.string().default('nothing') }),
  output: z.object({ text: z.string(), call: z.unknown() }),
});

export const direct = operation({ ...echo, name: 'test.direct' });

export const operations: readonly AnyOperation[] = [greet, fail, echo, direct];

@Handles(greet)
class GreetHandler implements OperationHandler<typeof greet> {
  async execute({ input, call }: OperationMessage<typeof greet>) {
    return { text: `hello ${input.name}`, requestId: call.requestId, principal: call.principal };
  }
}

@Handles(echo)
class EchoHandler implements OperationHandler<typeof echo> {
  async execute({ input, call }: OperationMessage<typeof echo>) {
    return { text: input.text, call };
  }
}

let slowBegun = () => {};

/** Resolves once the next request that is slow has come to its handler. Call it before the request is sent. */
export function slowBegins(): Promise<void> {
  return new Promise((resolve) => (slowBegun = resolve));
}

@Handles(fail)
class FailHandler implements OperationHandler<typeof fail> {
  async execute({ input: { how } }: OperationMessage<typeof fail>): Promise<unknown> {
    if (how === 'refusal') throw new TollgateError('LAST_OWNER', 'Make another account owner first.');
    if (how === 'bug') throw new Error('canary: something internal');
    if (how === 'outage')
      throw Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' });
    if (how === 'slow') {
      slowBegun();
      return new Promise((resolve) => setTimeout(() => resolve('done'), 1000));
    }
    return 'x'.repeat(2 * 1024 * 1024);
  }
}

@Module({})
class TestModule {}

export interface TestService {
  readonly strategy: NatsServiceStrategy;
  close(): Promise<void>;
}

export const handlers: readonly Type[] = [GreetHandler, EchoHandler, FailHandler];

/** Serves the operations above through Nest, as a service of the house does. */
export async function serve(
  bus: Bus,
  verifier: JwtVerifier,
  resolver: PrincipalResolver,
  providers = handlers,
): Promise<TestService> {
  const strategy = new NatsServiceStrategy({ bus, operations, verifier, resolver, checkAnswers: true });
  strategy.serveDirectly(direct, (input, call) => ({ text: input.text, call }));
  strategy.serveAtOnce(direct, (body) => (Buffer.from(body).toString() === '{"text":"quick"}' ? '"at once"' : null));
  const module: DynamicModule = {
    module: TestModule,
    imports: [CqrsModule.forRoot()],
    controllers: [operationsController(service, { operations, direct: [direct] })],
    providers: [...providers],
  };
  const app = await NestFactory.createMicroservice(module, { strategy, logger: false, abortOnError: false });
  await app.listen();
  return { strategy, close: () => app.close() };
}
