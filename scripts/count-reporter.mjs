// A Jest reporter: counts tests for the last line of `npm test`.
import { writeFileSync } from 'node:fs';

export default class CountReporter {
  /** A suite that could not be run has no tests to count: it counts as one that failed. */
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    const counts = { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
    const file = process.env.TOLLGATE_TEST_COUNTS;
    if (file) writeFileSync(file, JSON.stringify(counts));
  }
}
