import { runService } from '@tollgate/runtime';
import { auditProjector } from './service.ts';

await runService(auditProjector);
