import { Module } from '@nestjs/common';
import { operationsController } from '@tollgate/bus';
import { DirectoryModule } from './directory.module.ts';
import { LeaseModule } from './lease.module.ts';
import { LogModule } from './log.module.ts';
import { ReplicaModule } from './replica.module.ts';
import { TokensModule } from './tokens.module.ts';
import { UsageModule } from './usage.module.ts';

@Module({
  imports: [LogModule, LeaseModule, ReplicaModule, DirectoryModule, TokensModule, UsageModule],
  controllers: [operationsController('token-command')],
})
export class TokenCommandModule {}
