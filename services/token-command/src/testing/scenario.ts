import { expect } from '@jest/globals';
import { isTollgateError, type EventMeta, type NewEvent, type RecordedEvent } from '@tollgate/contracts';
import { type Aggregate, fold, type Folded } from '../domain/aggregate.ts';

const meta: EventMeta = {
  actor: { type: 'account', id: 'acc_owner' },
  correlationId: 'req',
  causationId: 'req',
  requestId: null,
  contextCommitment: null,
  traceparent: null,
};

/** Events of one stream as the log would have them, a second apart from `at`. */
export function recorded(category: string, events: readonly NewEvent[], orgId = 'org_1'): RecordedEvent[] {
  return events.map((event, index) => ({
    position: index + 1,
    id: `evt_${index}`,
    stream: `${category}-1`,
    version: index + 1,
    category,
    typeVersion: 1,
    orgId,
    at: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
    meta,
    ...event,
  }));
}

/** `given(token, created).when(decide).then(...)` or `.refused(code)`: the only grammar of domain tests. */
export function given<S, E extends NewEvent>(aggregate: Aggregate<S, E>, ...history: NewEvent[]) {
  const folded: Folded<S> = fold(aggregate, recorded(aggregate.category, history));
  return {
    folded,
    when: (decide: (state: S) => readonly NewEvent[]) => ({
      then: (...expected: NewEvent[]) => expect(decide(folded.state)).toEqual(expected),
      refused: (code: string) => expect(codeOf(() => decide(folded.state))).toBe(code),
    }),
  };
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isTollgateError(error)) return error.code;
    throw error;
  }
  return 'not refused';
}
