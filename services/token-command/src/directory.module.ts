import { Module } from '@nestjs/common';
import { PRINCIPAL_RESOLVER } from '@tollgate/runtime';
import { Owners } from './application/accounts/owners.ts';
import { StreamPrincipalResolver } from './application/accounts/resolve-principal.ts';
import { directoryUseCases } from './application/index.ts';
import { Inheritance } from './application/permissions/inheritance.ts';
import { LeaseModule } from './lease.module.ts';
import { LogModule } from './log.module.ts';
import { ReadModelModule } from './read-model.module.ts';

/** Organizations, accounts, spaces, memberships, teams, projects and products: who is who, what there is, and who may call. */
@Module({
  imports: [LogModule, LeaseModule, ReadModelModule],
  providers: [
    Owners,
    Inheritance,
    StreamPrincipalResolver,
    { provide: PRINCIPAL_RESOLVER, useExisting: StreamPrincipalResolver },
    ...directoryUseCases,
  ],
  exports: [PRINCIPAL_RESOLVER],
})
export class DirectoryModule {}
