// `npm test`: every test, or those that the arguments select (`npm test -- libs/bus`). All arguments go to Jest.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installWhatIsMissing, pinnedNode, root, run } from './bootstrap.mjs';

await installWhatIsMissing();

const workplace = mkdtempSync(join(tmpdir(), 'tollgate-jest-'));
const countsFile = join(workplace, 'counts.json');
const selection = process.argv.slice(2);
const testing = (program) => [
  pinnedNode,
  '--conditions=@tollgate/source',
  join(root, 'tools', 'stack', 'src', 'testing', program),
];

let status = 1;
const prepared = await run(testing('prepare.ts'));
// A selection of tests may well run while another part of the repository does not compile.
if (prepared.code === 0 || (selection.length > 0 && !prepared.interrupted)) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  // Jest runs ES modules in contexts of its own, which Node still calls experimental in a warning per process.
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const result = await run([pinnedNode, ...flags, jest, ...selection], {
    env: { TOLLGATE_LOG_LEVEL: 'silent', ...process.env, TOLLGATE_TEST_COUNTS: countsFile },
  });
  status = result.interrupted ? 130 : result.code;
  // Tests that were interrupted, or forgot to, have not stopped their servers.
  await run(testing('sweep.ts'));
}

const { passed, failed } = readCounts();
rmSync(workplace, { recursive: true, force: true });
if (failed > 0 && status === 0) status = 1;
process.exitCode = status;
console.log(`${passed} passed, ${failed} failed`);

/** A run that did not get as far as counting has failed as a whole. */
function readCounts() {
  try {
    return JSON.parse(readFileSync(countsFile, 'utf8'));
  } catch {
    return { passed: 0, failed: 1 };
  }
}
