import 'reflect-metadata';
import { Controller, Get, Module, Req, UseGuards, type DynamicModule, type ExecutionContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { TokenVerifier } from '@tollgate/sdk';
import { TollgateGuard, type GuardedRequest } from '@tollgate/sdk/nestjs';

/** An application with one controller, for tokens that may list agents in the space. */
export function createApp(verifier: TokenVerifier, space: string): Promise<NestFastifyApplication> {
  const guard = new TollgateGuard({
    verifier,
    wishes: (_context: ExecutionContext) => ({ space, resource: 'agents', operation: 'list' }),
  });

  @Controller('agents')
  @UseGuards(guard)
  class AgentsController {
    @Get()
    list(@Req() request: GuardedRequest) {
      return { agents: [], seenBy: request.tollgate.tokenId };
    }
  }

  class AppModule {}
  Module({})(AppModule);
  const root: DynamicModule = { module: AppModule, controllers: [AgentsController] };
  return NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), { logger: ['error'] });
}
