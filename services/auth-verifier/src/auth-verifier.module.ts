import { Module } from '@nestjs/common';
import { operationsController, type Bus } from '@tollgate/bus';
import { tokensVerify, tokensVerifyBatch } from '@tollgate/contracts';
import { BUS, HEALTH, type HealthRegistry } from '@tollgate/runtime';
import { NatsAuthority, NatsUsageSink } from '@tollgate/verifier-host';
import { BusTokenDirectory } from './adapters/bus-token-directory.ts';
import { reportHealth } from './adapters/health.ts';
import { KnownCallers } from './adapters/known-callers.ts';
import { useCases } from './application/index.ts';
import { ReplicaHost } from './application/replica-host.ts';
import { UsageReports } from './application/usage-reports.ts';
import { VerifyCalls } from './application/verify-calls.ts';

/** auth-verifier: a replica of all credentials in memory, and the lease under which it may answer. No database. */
@Module({
  controllers: [operationsController('auth-verifier', { direct: [tokensVerify, tokensVerifyBatch] })],
  providers: [
    ...useCases,
    { provide: KnownCallers, useFactory: () => new KnownCallers() },
    {
      provide: ReplicaHost,
      useFactory: (bus: Bus, health: HealthRegistry) => {
        const host = new ReplicaHost(new NatsAuthority(bus));
        reportHealth(health, host);
        return host;
      },
      inject: [BUS, HEALTH],
    },
    {
      provide: UsageReports,
      useFactory: (bus: Bus, host: ReplicaHost) =>
        new UsageReports({
          incarnation: host.incarnation,
          now: () => host.authorityTimeMs(),
          sink: new NatsUsageSink(bus),
        }),
      inject: [BUS, ReplicaHost],
    },
    {
      provide: VerifyCalls,
      useFactory: (host: ReplicaHost, bus: Bus, usage: UsageReports) =>
        new VerifyCalls(host.verifier, new BusTokenDirectory(bus), usage),
      inject: [ReplicaHost, BUS, UsageReports],
    },
  ],
})
export class AuthVerifierModule {}
