// A Jest reporter: counts tests for the last line of `npm test`.
import { writeFileSync } from 'node:fs';

const GRACE_MS = 10_000;

export default class CountReporter {
  /** A suite that could not be run has no tests to count: it counts as one that failed. */
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    const counts = { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
    const file = process.env.TOLLGATE_TEST_COUNTS;
    if (!file) return;
    writeFileSync(file, JSON.stringify(counts));
    // A test that left something open must not keep the run from ending; if nothing is open, this timer does not either.
    setTimeout(() => {
      console.error('Tests left something open (find it with --detectOpenHandles).');
      process.exit(counts.failed > 0 ? 1 : 0);
    }, GRACE_MS).unref();
  }
}
