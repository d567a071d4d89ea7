import { runService } from '../run-service.ts';
import { testService } from './fixtures.ts';

await runService(testService);
