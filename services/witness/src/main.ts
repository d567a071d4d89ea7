import { runService } from '@tollgate/runtime';
import { witness } from './service.ts';

await runService(witness);
