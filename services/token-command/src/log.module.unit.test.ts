import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { InMemoryEventLog } from '@tollgate/event-log';
import { until } from '@tollgate/event-log/testing';
import { AuthorityClock } from './application/authority-clock.ts';
import { LogModule } from './log.module.ts';

const meta = {
  actor: { type: 'operator', id: 'operator' },
  correlationId: 'r',
  causationId: 'r',
  requestId: null,
  contextCommitment: null,
  traceparent: null,
} as const;

const now = '2027-01-01T00:00:00.000Z';

describe('the clock of a process that starts', () => {
  it('has a move that another process makes right after the clock was read', async () => {
    const log = new InMemoryEventLog();
    const clock = new AuthorityClock(() => 0);
    // The schedule: this process has read the clock's stream, the other one appends, and only then this one follows the log.
    const startLog = {
      run: () =>
        log.append({
          stream: 'clock-development',
          expectedVersion: 0,
          orgId: null,
          events: [{ type: 'ClockMoved', data: { now, offsetMs: 60_000 } }],
          meta,
          at: now,
        }),
    };
    const nothing = { start: () => undefined, stop: () => undefined, close: () => undefined, end: () => undefined };
    const nc = { subscribe: () => ({ unsubscribe: () => undefined }), isClosed: () => false };
    const parts = [nothing, startLog, clock, nothing, log, nothing, { nc }];
    const module = new LogModule(...(parts as unknown as ConstructorParameters<typeof LogModule>));
    await module.onModuleInit();
    await until('the clock has moved', () => clock.nowMs() === 60_000, 2_000);
    await module.onApplicationShutdown();
    expect(clock.now()).toBe('1970-01-01T00:01:00.000Z');
  });
});
