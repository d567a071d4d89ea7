import { eventTypes, type EventType } from './catalogue.ts';

/** Turns the data of one version of an event type into the data of the next. Pure; it never looks outside its argument. */
export type Upcast = (data: unknown) => unknown;

/** For each type, the step from version `n` to `n + 1` under the key `n`. */
export type Upcasts = Readonly<Partial<Record<string, Readonly<Record<number, Upcast>>>>>;

/** One step per version that was ever written and is no longer the newest. */
export const upcasts: Upcasts = {
  TokenCreated: { 1: (data) => ({ ...(data as object), agent: null, imported: false }) },
  TokenRegenerated: { 1: (data) => ({ ...(data as object), overlapUntil: null }) },
};

/** The newest version of every type this program knows. */
export type KnownVersions = Readonly<Record<string, { readonly version: number }>>;

/** A stored event that this program cannot read. Readers are deployed before writers, so this program is too old. */
export class UnknownEventError extends Error {
  readonly code = 'UNKNOWN_EVENT';

  constructor(detail: string) {
    super(detail);
    this.name = 'UnknownEventError';
  }
}

/** True for an event type of this program's catalogue. */
export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventTypes, type);
}

/**
 * The data of a stored event in the newest version of its type, one step at a time.
 * Throws UnknownEventError for a type or a version that is not in the catalogue.
 * @param known and `steps` are the catalogue and its upcasts; tests pass others
 */
export function upcast(
  event: { readonly type: string; readonly typeVersion: number; readonly data: unknown },
  known: KnownVersions = eventTypes,
  steps: Upcasts = upcasts,
): { typeVersion: number; data: unknown } {
  const newest = Object.hasOwn(known, event.type) ? known[event.type]!.version : undefined;
  if (newest === undefined) {
    throw new UnknownEventError(`the event type ${event.type} is not in this program's catalogue: deploy a newer one`);
  }
  const { typeVersion } = event;
  if (!Number.isInteger(typeVersion) || typeVersion < 1 || typeVersion > newest) {
    throw new UnknownEventError(
      `${event.type} is of version ${typeVersion} and this program knows 1 to ${newest}: deploy a newer one`,
    );
  }
  let data = event.data;
  for (let version = typeVersion; version < newest; version++) {
    const step = steps[event.type]?.[version];
    if (!step) throw new UnknownEventError(`${event.type} has no upcast from version ${version} to ${version + 1}`);
    data = step(data);
  }
  return { typeVersion: newest, data };
}
