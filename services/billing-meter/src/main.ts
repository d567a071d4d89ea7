import { runService } from '@tollgate/runtime';
import { billingMeter } from './service.ts';

await runService(billingMeter);
