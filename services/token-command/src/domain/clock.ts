import { TollgateError, type TollgateEvent } from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';

/** The development clock: authority time is the wall clock plus this offset. One stream, `clock-development`. */
export interface ClockState {
  readonly offsetMs: number;
}

type ClockEvent = TollgateEvent<'ClockMoved'>;

export const clock: Aggregate<ClockState, ClockEvent> = {
  category: 'clock',
  initial: { offsetMs: 0 },
  evolve: (state, event) => (event.type === 'ClockMoved' ? { offsetMs: event.data.offsetMs } : state),
};

/** Moves authority time to `now`: forward, never back. `wallMs` is the wall clock at the decision. */
export function moveClock(state: ClockState, command: { now: string; wallMs: number }): ClockEvent[] {
  const offsetMs = Date.parse(command.now) - command.wallMs;
  if (offsetMs < state.offsetMs) {
    const current = new Date(command.wallMs + state.offsetMs).toISOString();
    throw new TollgateError(
      'CLOCK_MOVES_FORWARD_ONLY',
      `The clock stands at ${current} and moves forward only. Ask for a later instant.`,
      [{ path: 'now', message: 'lies before the present authority time' }],
    );
  }
  return [{ type: 'ClockMoved', data: { now: command.now, offsetMs } }];
}
