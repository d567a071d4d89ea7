import { Module } from '@nestjs/common';
import { tokenUseCases } from './application/index.ts';
import { McpServers } from './application/mcp/mcp-servers.ts';
import { Inheritance } from './application/permissions/inheritance.ts';
import { TokenNarrowing } from './application/tokens/narrowing.ts';
import { TokenPresenter } from './application/tokens/present.ts';
import { TokenRotation } from './application/tokens/rotate.ts';
import { LeaseModule } from './lease.module.ts';
import { LogModule } from './log.module.ts';
import { ReadModelModule } from './read-model.module.ts';

/** The life of tokens. */
@Module({
  imports: [LogModule, LeaseModule, ReadModelModule],
  providers: [TokenPresenter, TokenNarrowing, TokenRotation, McpServers, Inheritance, ...tokenUseCases],
})
export class TokensModule {}
