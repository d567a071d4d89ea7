import { join } from 'node:path';
import { Module } from '@nestjs/common';
import type { Bus } from '@tollgate/bus';
import { loadOrCreateSigningKey } from '@tollgate/proof';
import { BUS, CONFIGURATION, HEALTH, type Configuration, type HealthRegistry } from '@tollgate/runtime';
import { Memory } from './adapters/memory.ts';
import { WitnessLoop } from './adapters/witness-loop.ts';
import { keyName } from './domain/judgement.ts';

/** witness: looks at the audit log from outside and remembers. */
@Module({
  providers: [
    {
      provide: WitnessLoop,
      useFactory: async (bus: Bus, health: HealthRegistry, { dataDir }: Configuration) => {
        const directory = process.env['TOLLGATE_WITNESS_DIR'] || join(dataDir, 'witness');
        const key = await loadOrCreateSigningKey(join(directory, 'key.pem'), keyName, 'cosignature');
        const memory = await Memory.open(directory, process.env['TOLLGATE_WITNESS_LOG_KEY'] || undefined);
        return new WitnessLoop(bus, health, memory, key);
      },
      inject: [BUS, HEALTH, CONFIGURATION],
    },
  ],
})
export class WitnessModule {}
