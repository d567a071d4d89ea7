import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const program = new URL('./testing/measure-decide.ts', import.meta.url).pathname;
/** Beyond this, chance is no explanation: p is below 0.00001. */
const limit = 4.5;
/** A busy machine disturbs a measurement now and then; a decision that tells something does so every time. */
const attemptsMax = 3;

async function measure(...args: string[]): Promise<{ t: number; pair: string }> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@tollgate/source', program, ...args]);
  return JSON.parse(stdout);
}

describe('a well-formed secret that does not hold', () => {
  it('takes the same time to refuse whatever became of it: 10,000 trimmed samples of each kind', async () => {
    const found = [];
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const { t, pair } = await measure();
      if (t < limit) return;
      found.push(`${pair}: |t| = ${t.toFixed(1)}`);
    }
    throw new Error(`The time of a decision tells what became of a secret. ${found.join('; ')}`);
  }, 120_000);

  it('would be told apart if the decision returned as soon as it knows that a secret is unknown', async () => {
    expect((await measure('early-exit')).t).toBeGreaterThan(limit);
  });
});
