/** A program: stops servers that test processes left behind. */
import { sweep } from './test-directory.ts';

await sweep();
