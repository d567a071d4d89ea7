import type { NewEvent, RecordedEvent } from '@tollgate/contracts';

/** How the events of one kind of stream become its state. `evolve` is total: an event it does not know leaves the state as it is. */
export interface Aggregate<State, Event extends NewEvent> {
  /** The streams are named `<category>-<id>`. */
  readonly category: string;
  readonly initial: State;
  evolve(state: State, event: Event & Pick<RecordedEvent, 'at' | 'orgId' | 'meta' | 'position'>): State;
}

/** A state and its place in the log. */
export interface Folded<State> {
  readonly state: State;
  /** Events in the stream; 0 when it does not exist. */
  readonly version: number;
  /** Position of the stream's last event; 0 when it does not exist. */
  readonly position: number;
}

/** Folds the events of one stream, oldest first. */
export function fold<State, Event extends NewEvent>(
  aggregate: Aggregate<State, Event>,
  events: readonly RecordedEvent[],
): Folded<State> {
  let folded: Folded<State> = { state: aggregate.initial, version: 0, position: 0 };
  for (const event of events) folded = advance(aggregate, folded, event);
  return folded;
}

/** One more event of the stream. */
export function advance<State, Event extends NewEvent>(
  aggregate: Aggregate<State, Event>,
  folded: Folded<State>,
  event: RecordedEvent,
): Folded<State> {
  return {
    state: aggregate.evolve(folded.state, event as unknown as Event & RecordedEvent),
    version: event.version,
    position: event.position,
  };
}
