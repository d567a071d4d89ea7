import type { ServiceDefinition } from '@tollgate/runtime';
import { WitnessModule } from './witness.module.ts';

/** No database and no operations: it asks, judges, and keeps what it has seen in files of its own. */
export const witness: ServiceDefinition = { name: 'witness', module: WitnessModule };
