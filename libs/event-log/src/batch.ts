import { eventTypes, TollgateError, type Catalogue, type RecordedTollgateEvent } from '@tollgate/contracts';
import { recordedEvent } from './codec.ts';
import type { AppendRequest, AppendResult, Guard, Idempotency, PersonalRow, StreamEvents } from './types.ts';

/** What a batch of appends is decided on, read under the lock of the head row. */
export interface LogState {
  head: number;
  /** Time of the last event; null for an empty log. */
  lastAt: string | null;
  /** Current version of every stream that the batch writes or guards; absent: 0. */
  versions: Map<string, number>;
  /** Answers kept under the batch's idempotency keys, by `keyOf`. */
  kept: Map<string, KeptAnswer>;
}

export interface KeptAnswer {
  answer: unknown;
  requestHash: string;
  position: number;
}

export interface KeyRow extends KeptAnswer {
  orgId: string;
  caller: string;
  operation: string;
  key: string;
}

/** What one transaction writes, and what each append of the batch is answered once it is committed. */
export interface BatchDecision {
  outcomes: (AppendResult | Error)[];
  events: RecordedTollgateEvent[];
  keys: KeyRow[];
  personal: PersonalRow[];
  head: number;
  lastAt: string | null;
}

/** Identifies an idempotency key in memory. JSON, so that no character of a part can shift into another. */
export function keyOf({
  orgId,
  caller,
  operation,
  key,
}: Pick<Idempotency, 'orgId' | 'caller' | 'operation' | 'key'>): string {
  return JSON.stringify([orgId ?? '', caller, operation, key]);
}

/** Streams whose versions a batch needs. */
export function streamsOf(requests: readonly AppendRequest[]): string[] {
  return [
    ...new Set(
      requests.flatMap((request) => [...writesOf(request), ...(request.guards ?? [])].map(({ stream }) => stream)),
    ),
  ];
}

/** What an append writes: its own stream first. */
export function writesOf(request: AppendRequest): readonly StreamEvents[] {
  return [request, ...(request.also ?? [])];
}

/**
 * Decides a batch in memory, in order: each append sees the ones before it, so that several to one stream work when their
 * expected versions chain, and a loser is refused without failing the others. Changes `state` as it goes.
 */
export function decideBatch(
  requests: readonly AppendRequest[],
  state: LogState,
  catalogue: Catalogue = eventTypes,
): BatchDecision {
  const decision: BatchDecision = {
    outcomes: [],
    events: [],
    keys: [],
    personal: [],
    head: state.head,
    lastAt: state.lastAt,
  };
  for (const request of requests) {
    try {
      decision.outcomes.push(decideOne(request, state, decision, catalogue));
    } catch (error) {
      decision.outcomes.push(error as Error);
    }
  }
  return { ...decision, head: state.head, lastAt: state.lastAt };
}

/** Throws before anything is taken over, so that a refused append leaves no trace in the batch. */
function decideOne(
  request: AppendRequest,
  state: LogState,
  decision: BatchDecision,
  catalogue: Catalogue,
): AppendResult {
  const { guards = [], idempotency, personal = [] } = request;
  // A repetition finds its first answer although the stream has moved on since.
  const kept = idempotency && state.kept.get(keyOf(idempotency));
  if (kept) return { replayed: true, replay: kept.answer, requestHash: kept.requestHash, position: kept.position };
  const writes = writesOf(request).map((write) => ({ ...write, version: versionBefore(write, state) }));
  for (const guard of guards) requireVersion(guard, state);

  const at = state.lastAt !== null && state.lastAt > request.at ? state.lastAt : request.at;
  const { orgId, meta } = request;
  const events = writes
    .flatMap(({ stream, version, events: added }) =>
      added.map((event, index) => ({ event, stream, version: version + index + 1 })),
    )
    .map(({ event, stream, version }, index) =>
      recordedEvent(event, { position: state.head + index + 1, stream, version, orgId, at, meta }, catalogue),
    );
  const positions = events.map(({ position }) => position);
  const head = state.head + events.length;
  if (idempotency) {
    const { caller, operation, key, requestHash } = idempotency;
    const answer = idempotency.answer(positions, events);
    const row = { orgId: idempotency.orgId ?? '', caller, operation, key, requestHash, answer, position: head };
    state.kept.set(keyOf(idempotency), row);
    decision.keys.push(row);
  }
  decision.events.push(...events);
  decision.personal.push(...personal);
  state.head = head;
  for (const { stream, version, events: added } of writes) state.versions.set(stream, version + added.length);
  if (events.length > 0) state.lastAt = at;
  return { replayed: false, positions, version: writes[0]!.version + request.events.length, events };
}

/** The version of a stream before an append writes to it. @throws TollgateError CONFLICT when another one is expected */
function versionBefore({ stream, expectedVersion }: StreamEvents, state: LogState): number {
  if (expectedVersion === 'any') return state.versions.get(stream) ?? 0;
  requireVersion({ stream, version: expectedVersion }, state);
  return expectedVersion;
}

function requireVersion({ stream, version }: Guard, state: LogState): void {
  const current = state.versions.get(stream) ?? 0;
  if (current === version) return;
  throw new TollgateError(
    'CONFLICT',
    `Another change to ${stream} came first: it is at version ${current}, not ${version}. Read it again and repeat.`,
  );
}
