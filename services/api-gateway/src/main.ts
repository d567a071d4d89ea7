import { runService } from '@tollgate/runtime';
import { apiGateway } from './gateway.ts';

await runService(apiGateway);
