import { runService } from '@tollgate/runtime';
import { authVerifier } from './service.ts';

await runService(authVerifier);
