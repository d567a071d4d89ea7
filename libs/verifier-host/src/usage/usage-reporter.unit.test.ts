import { describe, expect, it } from '@jest/globals';
import { TollgateError, type Decision } from '@tollgate/contracts';
import type { Attempts } from './refused-attempts.ts';
import type { UsageBatch } from './usage-counts.ts';
import { UsageReporter } from './usage-reporter.ts';

const decision = (changes: Partial<Decision>): Decision => ({
  valid: true,
  code: 'OK',
  tokenId: 'tok_1',
  orgId: 'org_1',
  decisionId: 'dec_1',
  position: 1,
  leaseRemainingMs: 1,
  ...changes,
});
const refused = (reason: Decision['reason'], tokenId: string | undefined = 'tok_1') =>
  decision({ valid: false, code: 'TOKEN_INVALID', reason, tokenId });

const begin = Date.parse('2026-01-01T00:00:00.000Z');

/** A reporter whose timer never fires by itself: `leave` is the only round, or rounds run every `everyMs`. */
function reporterWith({ sink, ...options }: { everyMs?: number; leaveMs?: number; sink?: () => Promise<void> } = {}) {
  const batches: UsageBatch[] = [];
  const attempts: Attempts[] = [];
  const failures: Error[] = [];
  let nowMs = begin;
  const answer = (keep: () => void) => {
    keep();
    if (sink) return sink();
    const failure = failures.shift();
    return failure ? Promise.reject(failure) : Promise.resolve();
  };
  const reporter = new UsageReporter({
    incarnation: 'incarnation-1234',
    now: () => nowMs,
    everyMs: 5,
    ...options,
    sink: {
      report: (batch) => answer(() => batches.push(structuredClone(batch))),
      reportAttempts: (report) => answer(() => attempts.push(...report.attempts)),
    },
  });
  return { reporter, batches, attempts, failures, move: (ms: number) => (nowMs = begin + ms) };
}

const lost = () => new TollgateError('SERVICE_UNAVAILABLE', 'nobody answers');
const soon = () => new Promise((resolve) => setTimeout(resolve, 25));

describe('usage', () => {
  it('is added up by token, with the last use of either secret', async () => {
    const { reporter, batches, move } = reporterWith();
    reporter.count(decision({}));
    move(10);
    reporter.count(decision({ previousSecret: true }));
    move(20);
    reporter.count(decision({}));
    reporter.count(decision({ tokenId: 'tok_2' }));
    await reporter.stop();
    expect(batches).toEqual([
      {
        incarnation: 'incarnation-1234',
        sequence: 1,
        orgs: ['org_1', 'org_1'],
        tokens: ['tok_1', 'tok_2'],
        calls: [3, 1],
        lastUsedMs: [begin + 20, begin + 20],
        previousUsedMs: [begin + 10, null],
      },
    ]);
  });

  it('is reported again, unchanged, until it is answered; what comes meanwhile waits for the next sequence', async () => {
    const { reporter, batches, failures } = reporterWith();
    failures.push(lost(), lost());
    reporter.count(decision({}));
    reporter.start();
    while (batches.length === 0) await soon();
    reporter.count(decision({}));
    await soon();
    await reporter.stop();
    expect(batches.map(({ sequence, calls }) => [sequence, calls[0]])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [2, 1],
    ]);
  });

  it('that is counted while a report is under way waits for the next round', async () => {
    const answers: (() => void)[] = [];
    const { reporter, batches } = reporterWith({ sink: () => new Promise((resolve) => answers.push(resolve)) });
    for (const tokenId of ['tok_1', 'tok_2']) {
      reporter.count(decision({ tokenId }));
      const round = reporter.stop();
      while (answers.length === 0) await new Promise(setImmediate);
      reporter.count(decision({ tokenId: 'tok_2' }));
      answers.shift()!();
      await round;
    }
    expect(batches.map(({ tokens, calls }) => [tokens, calls])).toEqual([
      [['tok_1'], [1]],
      [['tok_2'], [2]],
    ]);
  });

  it('is handed over at the end, also when that takes several tries and several reports', async () => {
    const { reporter, batches, failures } = reporterWith();
    failures.push(lost());
    for (let n = 0; n < 2500; n++) reporter.count(decision({ tokenId: `tok_${n}` }));
    await reporter.stop();
    expect(batches.map(({ sequence, tokens }) => [sequence, tokens.length])).toEqual([
      [1, 1000],
      [1, 1000],
      [2, 1000],
      [3, 500],
    ]);
  });

  it('does not hold up the end for ever', async () => {
    const { reporter, failures } = reporterWith({ leaveMs: 50 });
    failures.push(...Array.from({ length: 100 }, lost));
    reporter.count(decision({}));
    await reporter.stop();
    expect(failures.length).toBeGreaterThan(90);
  });

  it('goes on after a report that the receiver will never take', async () => {
    const { reporter, batches, failures } = reporterWith();
    failures.push(new TollgateError('INVALID_INPUT', 'wrong'));
    reporter.count(decision({}));
    reporter.start();
    await soon();
    reporter.count(decision({}));
    await reporter.stop();
    expect(batches.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });
});

describe('refused attempts', () => {
  it('are reported at once, and the others of their minute when it is over', async () => {
    const { reporter, attempts, move } = reporterWith();
    reporter.start();
    reporter.count(refused('revoked'));
    await soon();
    expect(attempts).toMatchObject([{ minute: '2026-01-01T00:00:00.000Z', reason: 'revoked', count: 1, part: 1 }]);
    reporter.count(refused('revoked'));
    reporter.count(refused('revoked'));
    await soon();
    expect(attempts).toHaveLength(1);
    move(60_000);
    await soon();
    expect(attempts.slice(1)).toMatchObject([{ minute: '2026-01-01T00:00:00.000Z', count: 2, part: 2 }]);
    reporter.count(refused('revoked'));
    await reporter.stop();
    expect(attempts.slice(2)).toMatchObject([{ minute: '2026-01-01T00:01:00.000Z', count: 1, part: 3 }]);
  });

  it('are told apart by token and reason, and counted only where the token is known and something was decided', async () => {
    const { reporter, attempts } = reporterWith();
    reporter.count(refused('revoked'));
    reporter.count(refused('expired'));
    reporter.count(refused('revoked', 'tok_2'));
    reporter.count(decision({ valid: false, code: 'TOKEN_INVALID', reason: 'unknown', tokenId: undefined }));
    reporter.count(decision({ valid: false, code: 'UNDECIDABLE', reason: 'behind' }));
    await reporter.stop();
    expect(attempts.map(({ tok, reason, count }) => [tok, reason, count])).toEqual([
      ['tok_1', 'revoked', 1],
      ['tok_1', 'expired', 1],
      ['tok_2', 'revoked', 1],
    ]);
  });
});
