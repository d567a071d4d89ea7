import { Module } from '@nestjs/common';
import { operationsController } from '@tollgate/bus';
import { DirectoryModule } from './directory.module.ts';
import { LeaseModule } from './lease.module.ts';
import { LogModule } from './log.module.ts';
import { TokensModule } from './tokens.module.ts';

@Module({
  imports: [LogModule, LeaseModule, DirectoryModule, TokensModule],
  controllers: [operationsController('token-command')],
})
export class TokenCommandModule {}
