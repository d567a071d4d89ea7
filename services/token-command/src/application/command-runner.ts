import { Inject, Injectable } from '@nestjs/common';
import type { CallContext, OperationMessage } from '@tollgate/bus';
import {
  type Actor,
  type AnyOperation,
  isTollgateError,
  type NewEvent,
  type RecordedEvent,
  TollgateError,
} from '@tollgate/contracts';
import type { EventStore, PersonRow, StreamReader } from '@tollgate/event-log';
import { advance, type Aggregate, fold, type Folded } from '../domain/aggregate.ts';
import { AuthorityClock } from './authority-clock.ts';
import { keyOwner, keyReused } from './idempotency.ts';
import {
  EVENT_STORE,
  IDEMPOTENCY_KEYS,
  type IdempotencyKey,
  type IdempotencyKeys,
  type KeptAnswer,
  STREAMS,
} from './ports.ts';
import { provenance } from './provenance.ts';
import { RequestHash } from './request-hash.ts';

/** A key that was used before hashes were keyed: what it came with is not known any more. */
const forgotten = '';

/** Lost races are decided again this often before the caller is told; each round one of the racers wins. */
const attemptsMax = 50;

/** The streams that a decision rests on besides its own. Each is a guard of the append: if it moved, the decision is made again. */
export class Context {
  readonly #streams: ReadonlyMap<string, readonly RecordedEvent[]>;

  constructor(streams: ReadonlyMap<string, readonly RecordedEvent[]>) {
    this.#streams = streams;
  }

  of<S, E extends NewEvent>(aggregate: Aggregate<S, E>, id: string): Folded<S> {
    return fold(aggregate, this.#streams.get(streamName(aggregate, id)) ?? []);
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a reference to a stream of whatever aggregate
export type StreamReference = readonly [Aggregate<any, any>, string];

export interface CommandSpec<S, E extends NewEvent> {
  readonly operation: AnyOperation;
  readonly message: OperationMessage<AnyOperation>;
  /** null for what belongs to the platform. */
  readonly orgId: string | null;
  /** Where the `Idempotency-Key` counts, when that is not `orgId`: an organization that is being created has no keys yet. */
  readonly idempotencyOrgId?: null;
  readonly aggregate: Aggregate<S, E>;
  readonly id: string;
  /** The other streams that `decide` looks at. */
  readonly restsOn?: readonly StreamReference[];
  /** Refuses a stream of another organization before anything about it can be told. */
  readonly visible?: (state: S) => void;
  readonly decide: (state: S, context: Context, now: string) => E[];
  /** Other streams of the same kind, written together with this one or not at all. They must be among `restsOn`. */
  readonly also?: (context: Context, now: string) => readonly Decided<E>[];
  /** Erasable data to be kept beside the events, in the same transaction. */
  readonly person?: PersonRow;
}

/** As much of a command as its `Idempotency-Key` needs. */
type KeyedSpec<S, E extends NewEvent> = Pick<
  CommandSpec<S, E>,
  'operation' | 'message' | 'orgId' | 'idempotencyOrgId' | 'aggregate'
>;

/** What a command decided for one more stream. */
export interface Decided<E> {
  readonly id: string;
  readonly events: readonly E[];
}

export interface Outcome<S> extends Folded<S> {
  /** Where the change stands: the position of the last event of all that was written, or that was there. */
  readonly position: number;
  /** The other streams of `also`, in its order. */
  readonly others: readonly Folded<S>[];
  /** The `Idempotency-Key` was used before: this is the state as the first call left it. */
  readonly replayed: boolean;
}

/**
 * Runs a command: fold the stream, decide, append with the expected version. A lost race is decided again on the new
 * state; a repeated `Idempotency-Key` gives the state that the first call left, without deciding.
 */
@Injectable()
export class CommandRunner {
  readonly #streams: StreamReader;
  readonly #store: EventStore;
  readonly #keys: IdempotencyKeys;
  readonly #clock: AuthorityClock;
  readonly #hash: RequestHash;

  constructor(
    @Inject(STREAMS) streams: StreamReader,
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(IDEMPOTENCY_KEYS) keys: IdempotencyKeys,
    clock: AuthorityClock,
    hash: RequestHash,
  ) {
    this.#streams = streams;
    this.#store = store;
    this.#keys = keys;
    this.#clock = clock;
    this.#hash = hash;
  }

  async run<S, E extends NewEvent>(spec: CommandSpec<S, E>): Promise<Outcome<S>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(spec);
      } catch (error) {
        if (!isTollgateError(error, 'CONFLICT') || attempt === attemptsMax) throw error;
      }
    }
  }

  /** The outcome that the first call with this `Idempotency-Key` had; null when there was none. */
  async #earlier<S, E extends NewEvent>(
    spec: KeyedSpec<S, E>,
    key: IdempotencyKey | undefined,
  ): Promise<Outcome<S> | null> {
    const kept = key && (await this.#keys.find(key));
    return key && kept ? this.#replay(spec, key, kept) : null;
  }

  async #attempt<S, E extends NewEvent>(spec: CommandSpec<S, E>): Promise<Outcome<S>> {
    const { aggregate, id, message, orgId } = spec;
    const key = keyOf(spec, this.#hash);
    const earlier = await this.#earlier(spec, key);
    if (earlier) return earlier;

    const stream = streamName(aggregate, id);
    const guarded = (spec.restsOn ?? []).map(([other, otherId]) => streamName(other, otherId));
    const streams = await this.#streams.readStreams([stream, ...guarded]);
    const before = fold(aggregate, streams.get(stream) ?? []);
    spec.visible?.(before.state);
    requireVersion(message.call, before.version);

    const now = this.#clock.now();
    const context = new Context(streams);
    const events = spec.decide(before.state, context, now);
    const others = (spec.also?.(context, now) ?? []).map(({ id: otherId, events: added }) => ({
      before: context.of(aggregate, otherId),
      write: { stream: streamName(aggregate, otherId), events: added },
    }));
    const written = [{ before, write: { stream, events } }, ...others];
    if (written.every(({ write }) => write.events.length === 0) && !key)
      return outcomeOf(
        written.map((each) => each.before),
        false,
      );

    const { meta, request } = provenance({ ...message.call, actor: actorOf(message.call) }, orgId);
    const left = written.map(({ before: { version }, write }) => ({
      stream: write.stream,
      version: version + write.events.length,
    }));
    const result = await this.#store.append({
      stream,
      expectedVersion: before.version,
      orgId,
      events,
      also: others.map(({ before: { version }, write }) => ({ ...write, expectedVersion: version })),
      meta,
      at: now,
      guards: guarded.map((name) => ({ stream: name, version: streams.get(name)?.length ?? 0 })),
      ...(key ? { idempotency: { ...key, answer: () => left } } : {}),
      personal: [...(spec.person ? [spec.person] : []), ...(request ? [request] : [])],
    });
    if (result.replayed) {
      return this.#replay(spec, key as IdempotencyKey, { requestHash: result.requestHash, answer: result.replay });
    }
    const added = Map.groupBy(result.events, (event) => event.stream);
    const after = written.map(({ before: folded, write }) =>
      (added.get(write.stream) ?? []).reduce((state, event) => advance(aggregate, state, event), folded),
    );
    return outcomeOf(after, false);
  }

  /** The state that the first call left: its streams, folded up to the versions it answered with. */
  async #replay<S, E extends NewEvent>(
    { aggregate }: KeyedSpec<S, E>,
    { requestHash }: IdempotencyKey,
    kept: KeptAnswer,
  ): Promise<Outcome<S>> {
    if (kept.requestHash !== requestHash && kept.requestHash !== forgotten) throw keyReused();
    const left = kept.answer as readonly { stream: string; version: number }[];
    const streams = await this.#streams.readStreams(left.map(({ stream }) => stream));
    const folded = left.map(({ stream, version }) => fold(aggregate, (streams.get(stream) ?? []).slice(0, version)));
    return outcomeOf(folded, true);
  }
}

function outcomeOf<S>([own, ...others]: readonly Folded<S>[], replayed: boolean): Outcome<S> {
  const position = Math.max(...[own as Folded<S>, ...others].map((folded) => folded.position));
  return { ...(own as Folded<S>), position, others, replayed };
}

export function streamName({ category }: { readonly category: string }, id: string): string {
  return `${category}-${id}`;
}

function actorOf({ principal }: CallContext): Actor {
  return principal ? { type: principal.type, id: principal.id } : { type: 'system', id: 'token-command' };
}

function requireVersion({ ifMatch }: CallContext, version: number): void {
  if (ifMatch === null || ifMatch === version) return;
  throw new TollgateError(
    'VERSION_MISMATCH',
    `The resource is at version ${version}. Read it again, then send its ETag as If-Match.`,
  );
}

/** Per organization, caller and operation. */
function keyOf(
  { operation, message: { call, input }, ...spec }: Omit<KeyedSpec<never, never>, 'aggregate'>,
  hash: RequestHash,
): IdempotencyKey | undefined {
  if (call.idempotencyKey === null) return undefined;
  const orgId = spec.idempotencyOrgId === undefined ? spec.orgId : spec.idempotencyOrgId;
  const { name } = operation;
  return { orgId, caller: keyOwner(call), operation: name, key: call.idempotencyKey, requestHash: hash.of(input) };
}
