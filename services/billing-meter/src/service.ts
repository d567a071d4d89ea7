import type { ServiceDefinition } from '@tollgate/runtime';
import { BillingMeterModule } from './billing-meter.module.ts';

export const billingMeter: ServiceDefinition = { name: 'billing-meter', module: BillingMeterModule, database: true };
