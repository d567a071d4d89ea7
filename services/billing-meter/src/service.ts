import { chargesCapture, chargesRelease, chargesReserve } from '@tollgate/contracts';
import type { ServiceDefinition } from '@tollgate/runtime';
import { ChargeCalls } from './application/charges/charge-calls.ts';
import { BillingMeterModule } from './billing-meter.module.ts';

/** Charges are answered below Nest's pipeline. */
export const billingMeter: ServiceDefinition = {
  name: 'billing-meter',
  module: BillingMeterModule,
  database: true,
  direct: (strategy, app) => {
    const calls = app.get(ChargeCalls);
    strategy.serveDirectly(chargesReserve, (input, call) => calls.reserve(input, call));
    strategy.serveDirectly(chargesCapture, (input, call) => calls.capture(input, call));
    strategy.serveDirectly(chargesRelease, (input, call) => calls.release(input, call));
  },
};
