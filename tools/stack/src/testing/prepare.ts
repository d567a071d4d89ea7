/** A program: gets what the tests need beside packages. Ends with 1 if something is missing or does not compile. */
import { build } from '../build.ts';
import { StartError } from '../files.ts';
import { findNatsServer } from '../nats/nats-binary.ts';
import { createOutput } from '../output.ts';
import { testBinaryDirectory } from './start-nats.ts';
import { ensureTemplate } from './start-postgres.ts';

const output = createOutput((text) => void process.stdout.write(text));
try {
  await findNatsServer({ directory: testBinaryDirectory, onProgress: output.line });
  await ensureTemplate();
  await output.step('Building', () => build(new AbortController().signal));
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
