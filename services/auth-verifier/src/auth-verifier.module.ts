import { Module } from '@nestjs/common';
import { operationsController, type Bus } from '@tollgate/bus';
import { tokensVerify, tokensVerifyBatch } from '@tollgate/contracts';
import { BUS, HEALTH, type HealthRegistry } from '@tollgate/runtime';
import { BusAuthority } from './adapters/bus-authority.ts';
import { reportHealth } from './adapters/health.ts';
import { useCases } from './application/index.ts';
import { ReplicaHost } from './application/replica-host.ts';
import { VerifyCalls } from './application/verify-calls.ts';

/** auth-verifier: a replica of all credentials in memory, and the lease under which it may answer. No database. */
@Module({
  controllers: [operationsController('auth-verifier', { direct: [tokensVerify, tokensVerifyBatch] })],
  providers: [
    ...useCases,
    {
      provide: ReplicaHost,
      useFactory: (bus: Bus, health: HealthRegistry) => {
        const host = new ReplicaHost(new BusAuthority(bus));
        reportHealth(health, host);
        return host;
      },
      inject: [BUS, HEALTH],
    },
    { provide: VerifyCalls, useFactory: (host: ReplicaHost) => new VerifyCalls(host.verifier), inject: [ReplicaHost] },
  ],
})
export class AuthVerifierModule {}
