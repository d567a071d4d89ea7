import {
  TollgateError,
  type BalanceAfter,
  type BillingEvent,
  type BillingEventData,
  type ChargeStatus,
  type DeclineReason,
  type Evidence,
  type RecordedBillingEvent,
} from '@tollgate/contracts';

/**
 * The prepaid balance of an organization and the charges against it. All their events are one stream, `balance-<org>`, so
 * whoever appends to it has seen everything that came before: no two charges are ever granted the same money.
 *
 *   reserve → capture (at most what was reserved) | release | expire
 *   reserve → declined, which is final
 *   a capture after the expiry takes from what is available then, or is recorded as uncollected
 *
 * What was topped up, less what was captured, is what is available and what is held; neither is ever negative.
 */
export interface Balance {
  /** Of the stream. */
  readonly version: number;
  readonly available: bigint;
  /** Reserved, and neither captured nor given back. */
  readonly held: bigint;
  readonly toppedUp: bigint;
  readonly captured: bigint;
  /** Asked for by late captures in vain. */
  readonly uncollected: bigint;
  /** Top-ups are booked up to this version of the stream `balance-<org>` of the log `main`. */
  readonly bookedTo: number;
  /** The threshold under which it was told to be low; null while it is not. */
  readonly lowUnder: bigint | null;
  /** Of the last event: time does not go back, whatever clocks do. */
  readonly at: string;
}

export const emptyBalance: Balance = {
  version: 0,
  available: 0n,
  held: 0n,
  toppedUp: 0n,
  captured: 0n,
  uncollected: 0n,
  bookedTo: 0,
  lowUnder: null,
  at: '',
};

/** What one charge has come to: its first event, and those that followed. They are its answers, word for word and for ever. */
export interface Charge {
  readonly orgId: string;
  readonly opening: Step<'ChargeReserved' | 'ChargeDeclined'>;
  readonly expiry: Step<'ChargeExpired'> | null;
  readonly closing: Step<'ChargeCaptured' | 'ChargeReleased' | 'ChargeUncollected'> | null;
}

/** An event of a charge and its place in the log. */
export type Step<T extends ChargeEventType> = {
  [K in T]: { readonly type: K; readonly position: number; readonly data: BillingEventData<K> };
}[T];

export const openingTypes = ['ChargeReserved', 'ChargeDeclined'] as const;
export const laterTypes = ['ChargeCaptured', 'ChargeReleased', 'ChargeExpired', 'ChargeUncollected'] as const;
export type ChargeEventType = (typeof openingTypes)[number] | (typeof laterTypes)[number];
export type BalanceEventType = ChargeEventType | 'TopUpBooked' | 'BalanceRanLow';
export type BalanceEvent = BillingEvent<BalanceEventType>;
type Recorded = Pick<RecordedBillingEvent, 'type' | 'data' | 'version'>;

// ---- what events do ----

/** The balance after the next event of its stream. */
export function evolveBalance(balance: Balance, event: Recorded): Balance {
  const { type, data } = event as BalanceEvent;
  const next = { ...balance, version: event.version, at: latest(balance.at, instantOf(event as BalanceEvent)) };
  switch (type) {
    case 'TopUpBooked': {
      const amount = BigInt(data.amountMicros);
      return raised({ ...next, bookedTo: data.mainVersion, toppedUp: next.toppedUp + amount }, amount, 0n);
    }
    case 'ChargeReserved': {
      const amount = BigInt(data.amountMicros);
      return raised(next, -amount, amount);
    }
    case 'ChargeCaptured': {
      const [amount, released] = [BigInt(data.amountMicros), BigInt(data.releasedMicros)];
      const captured = { ...next, captured: next.captured + amount };
      return data.late ? raised(captured, -amount, 0n) : raised(captured, released, -amount - released);
    }
    case 'ChargeReleased':
    case 'ChargeExpired': {
      const released = BigInt(data.releasedMicros);
      return raised(next, released, -released);
    }
    case 'ChargeUncollected':
      return { ...next, uncollected: next.uncollected + BigInt(data.amountMicros) };
    case 'BalanceRanLow':
      return { ...next, lowUnder: BigInt(data.thresholdMicros) };
    case 'ChargeDeclined':
      return next;
  }
}

/** The charge after an event that names it. */
export function evolveCharge(charge: Charge | null, event: RecordedBillingEvent): Charge {
  const { orgId, type, data, position } = event as RecordedBillingEvent<ChargeEventType>;
  const step = { type, data, position } as Step<ChargeEventType>;
  if (step.type === 'ChargeReserved' || step.type === 'ChargeDeclined')
    return { orgId: orgId as string, opening: step, expiry: null, closing: null };
  if (!charge) throw new RangeError(`${type} at ${position} is about a charge that was never opened`);
  return step.type === 'ChargeExpired' ? { ...charge, expiry: step } : { ...charge, closing: step };
}

/** How an event changes what a token has spent on a day; null: not at all. */
export function spendingOf(event: BalanceEvent): { tokenId: string; day: string; micros: bigint } | null {
  switch (event.type) {
    case 'ChargeReserved': {
      const { tokenId, day, amountMicros } = event.data;
      return { tokenId, day, micros: BigInt(amountMicros) };
    }
    case 'ChargeCaptured': {
      const { tokenId, day, late, amountMicros, releasedMicros } = event.data;
      return { tokenId, day, micros: late ? BigInt(amountMicros) : -BigInt(releasedMicros) };
    }
    case 'ChargeReleased':
    case 'ChargeExpired': {
      const { tokenId, day, releasedMicros } = event.data;
      return { tokenId, day, micros: -BigInt(releasedMicros) };
    }
    default:
      return null;
  }
}

export function isChargeEvent(event: RecordedBillingEvent): event is RecordedBillingEvent<ChargeEventType> {
  return (
    (openingTypes as readonly string[]).includes(event.type) || (laterTypes as readonly string[]).includes(event.type)
  );
}

const statuses = {
  ChargeReserved: 'reserved',
  ChargeDeclined: 'declined',
  ChargeCaptured: 'captured',
  ChargeReleased: 'released',
  ChargeExpired: 'expired',
  ChargeUncollected: 'uncollected',
} as const satisfies Record<ChargeEventType, ChargeStatus>;

/** What a charge is once this was the last event about it. */
export const chargeStatusOf = (type: ChargeEventType): ChargeStatus => statuses[type];

// ---- what is decided ----

/** A payment in the log `main`, in the order in which they came. */
export interface TopUp {
  readonly reference: string;
  readonly amountMicros: string;
  readonly at: string;
  /** Of the stream `balance-<org>` there. */
  readonly version: number;
  readonly evidence: Evidence;
}

/** Books what came in since. A top-up that is booked already is passed over. */
export function bookTopUp(balance: Balance, { reference, amountMicros, at, version, evidence }: TopUp): BalanceEvent[] {
  if (version <= balance.bookedTo) return [];
  const after = afterwards(balance, BigInt(amountMicros), 0n);
  const data = { reference, amountMicros, toppedUpAt: at, mainVersion: version, evidence, after };
  return [{ type: 'TopUpBooked', data }];
}

export interface Reserve {
  readonly chargeId: string;
  readonly tokenId: string;
  readonly tool: string;
  /** What the request named; null: the price of the tool is taken. */
  readonly maxAmountMicros: string | null;
  readonly ttlSeconds: number;
  readonly by: string;
}

/** What a reservation is decided by beside the balance. */
export interface ReserveFacts {
  readonly now: string;
  /** The day of `now` in the organization's time zone. */
  readonly day: string;
  readonly orgId: string;
  readonly tokenLive: boolean;
  /** Of the tool, at `now`; its version is its place in the log `main`. */
  readonly price: { readonly micros: string; readonly version: number } | null;
  /** What the token may still spend; null: whatever there is. */
  readonly capLeft: bigint | null;
}

/**
 * Reserves, or declines for good. A repeated request decides nothing.
 * @throws TollgateError CHARGE_ID_REUSED, PRICE_MISSING
 */
export function reserve(
  balance: Balance,
  charge: Charge | null,
  command: Reserve,
  facts: ReserveFacts,
): BalanceEvent[] {
  const { chargeId, tokenId, tool, maxAmountMicros, ttlSeconds, by } = command;
  if (charge) {
    if (isSameRequest(charge, command, facts.orgId)) return [];
    throw reused(chargeId, 'reserved');
  }
  const { now, day, price } = facts;
  const byPrice = maxAmountMicros === null;
  if (byPrice && !price)
    throw new TollgateError(
      'PRICE_MISSING',
      `The tool ${tool} has no price at ${now}. Name maxAmountMicros, or set its price with PUT /v1/products/:key/prices.`,
    );
  const amountMicros = plain(byPrice ? (price as { micros: string }).micros : maxAmountMicros);
  const request = { maxAmountMicros: maxAmountMicros === null ? null : plain(maxAmountMicros), ttlSeconds };
  const asked = { chargeId, tokenId, tool, request, by, amountMicros, priceVersion: byPrice ? price!.version : null };
  const amount = BigInt(amountMicros);
  const reason = whyNot(balance, amount, facts);
  if (reason !== null)
    return [
      { type: 'ChargeDeclined', data: { ...asked, reason, declinedAt: now, after: afterwards(balance, 0n, 0n) } },
    ];
  const expiresAt = new Date(Date.parse(now) + ttlSeconds * 1000).toISOString();
  const after = afterwards(balance, -amount, amount);
  return [{ type: 'ChargeReserved', data: { ...asked, reservedAt: now, expiresAt, day, after } }];
}

function whyNot({ available }: Balance, amount: bigint, { tokenLive, capLeft }: ReserveFacts): DeclineReason | null {
  if (!tokenLive) return 'token-not-live';
  if (capLeft !== null && amount > capLeft) return 'spending-cap';
  return amount > available ? 'insufficient-balance' : null;
}

/** When something is done to a charge, by whom, and to whose day it counts. */
export interface Doing {
  readonly now: string;
  readonly day: string;
  readonly by: string;
}

/**
 * Takes what a call has cost. The token need not be live any more: the call was made.
 * @throws TollgateError NOT_FOUND, CHARGE_CLOSED, CHARGE_ID_REUSED, AMOUNT_EXCEEDS_RESERVATION
 */
export function capture(
  balance: Balance,
  charge: Charge | null,
  { chargeId, amountMicros: asked, now, day, by }: Doing & { chargeId: string; amountMicros: string },
): BalanceEvent[] {
  const { opening, closing } = theCharge(charge, chargeId);
  const amountMicros = plain(asked);
  if (closing?.type === 'ChargeCaptured' || closing?.type === 'ChargeUncollected') {
    if (closing.data.amountMicros === amountMicros) return [];
    throw reused(chargeId, 'captured');
  }
  if (closing || opening.type === 'ChargeDeclined') throw closed(charge as Charge);
  const [amount, reserved] = [BigInt(amountMicros), BigInt(opening.data.amountMicros)];
  if (amount > reserved)
    throw new TollgateError(
      'AMOUNT_EXCEEDS_RESERVATION',
      `The charge ${chargeId} reserved ${reserved} micro-units, and ${amount} are more. Capture at most what was reserved.`,
      [{ path: 'amountMicros', message: 'is more than was reserved' }],
    );
  const { tokenId } = opening.data;
  const expired = expire(balance, charge as Charge, now);
  const done = expired.reduce((state, event) => evolveBalance(state, { ...event, version: 0 }), balance);
  if (expired.length > 0 || charge?.expiry) {
    if (amount > done.available) {
      const data = { chargeId, tokenId, day, amountMicros, attemptedAt: now, by, after: afterwards(done, 0n, 0n) };
      return [...expired, { type: 'ChargeUncollected', data }];
    }
    const data = { chargeId, tokenId, day, amountMicros, releasedMicros: '0', late: true, capturedAt: now, by };
    return [...expired, { type: 'ChargeCaptured', data: { ...data, after: afterwards(done, -amount, 0n) } }];
  }
  const released = reserved - amount;
  const data = {
    ...{ chargeId, tokenId, day: opening.data.day, amountMicros, releasedMicros: String(released) },
    ...{ late: false, capturedAt: now, by, after: afterwards(balance, released, -reserved) },
  };
  return [{ type: 'ChargeCaptured', data }];
}

/**
 * Gives back what is held. After the expiry there is nothing to give back, and the charge is closed all the same.
 * @throws TollgateError NOT_FOUND, CHARGE_CLOSED
 */
export function release(
  balance: Balance,
  charge: Charge | null,
  { chargeId, now, by }: Omit<Doing, 'day'> & { chargeId: string },
): BalanceEvent[] {
  const { opening, closing, expiry } = theCharge(charge, chargeId);
  if (closing?.type === 'ChargeReleased') return [];
  if (closing || opening.type === 'ChargeDeclined') throw closed(charge as Charge);
  const { tokenId, day, amountMicros } = opening.data;
  const released = expiry ? 0n : BigInt(amountMicros);
  const after = afterwards(balance, released, -released);
  const data = { chargeId, tokenId, day, releasedMicros: String(released), releasedAt: now, by, after };
  return [{ type: 'ChargeReleased', data }];
}

/** Gives back what is held once nobody has captured it in time. */
export function expire(balance: Balance, { opening, expiry, closing }: Charge, now: string): BalanceEvent[] {
  if (opening.type === 'ChargeDeclined' || expiry || closing || now < opening.data.expiresAt) return [];
  const { chargeId, tokenId, day, amountMicros, expiresAt } = opening.data;
  const amount = BigInt(amountMicros);
  const after = afterwards(balance, amount, -amount);
  const data = { chargeId, tokenId, day, releasedMicros: amountMicros, expiredAt: expiresAt, after };
  return [{ type: 'ChargeExpired', data }];
}

/** Says that the balance is low, once until it recovers or is watched by another threshold. */
export function warnIfLow(balance: Balance, thresholdMicros: string | null, now: string): BalanceEvent[] {
  if (thresholdMicros === null) return [];
  const threshold = BigInt(thresholdMicros);
  if (balance.available >= threshold || balance.lowUnder === threshold) return [];
  return [{ type: 'BalanceRanLow', data: { thresholdMicros, ranLowAt: now, after: afterwards(balance, 0n, 0n) } }];
}

// ---- helpers ----

/** Whether a request for a reservation is the one that opened the charge. Who asks does not matter. */
function isSameRequest({ orgId, opening }: Charge, command: Reserve, inOrg: string): boolean {
  const { tokenId, tool, request } = opening.data;
  const asked = command.maxAmountMicros === null ? null : plain(command.maxAmountMicros);
  return (
    orgId === inOrg &&
    tokenId === command.tokenId &&
    tool === command.tool &&
    request.maxAmountMicros === asked &&
    request.ttlSeconds === command.ttlSeconds
  );
}

function theCharge(charge: Charge | null, chargeId: string): Charge {
  if (charge) return charge;
  throw new TollgateError('NOT_FOUND', `There is no charge ${chargeId}. Reserve it first with POST /v1/charges.`);
}

function reused(chargeId: string, done: string): TollgateError {
  const detail = `The charge ${chargeId} was ${done} by another request. Repeat that one unchanged, or take another id.`;
  return new TollgateError('CHARGE_ID_REUSED', detail);
}

const closedWords = {
  ChargeDeclined: 'declined',
  ChargeCaptured: 'captured',
  ChargeReleased: 'released',
  ChargeUncollected: 'not collected',
} as const;

function closed({ opening, closing }: Charge): TollgateError {
  const { type } = closing ?? opening;
  const word = closedWords[type as keyof typeof closedWords];
  const detail = `The charge ${opening.data.chargeId} was ${word}, and that is final. Reserve under another id.`;
  return new TollgateError('CHARGE_CLOSED', detail);
}

/** A balance that recovers above the threshold it fell under may be told to be low again. */
function raised(balance: Balance, available: bigint, held: bigint): Balance {
  const next = { ...balance, available: balance.available + available, held: balance.held + held };
  if (next.available < 0n || next.held < 0n) throw new RangeError('a balance is never negative');
  return next.lowUnder !== null && next.available >= next.lowUnder ? { ...next, lowUnder: null } : next;
}

function afterwards({ available, held }: Balance, moreAvailable: bigint, moreHeld: bigint): BalanceAfter {
  return { availableMicros: String(available + moreAvailable), heldMicros: String(held + moreHeld) };
}

/** When an event took effect. */
export function instantOf({ type, data }: BalanceEvent): string {
  switch (type) {
    case 'TopUpBooked':
      return data.toppedUpAt;
    case 'ChargeReserved':
      return data.reservedAt;
    case 'ChargeDeclined':
      return data.declinedAt;
    case 'ChargeCaptured':
      return data.capturedAt;
    case 'ChargeReleased':
      return data.releasedAt;
    case 'ChargeExpired':
      return data.expiredAt;
    case 'ChargeUncollected':
      return data.attemptedAt;
    case 'BalanceRanLow':
      return data.ranLowAt;
  }
}

const latest = (a: string, b: string): string => (a > b ? a : b);

/** Without zeros in front: the same amount is always the same text. */
const plain = (micros: string): string => String(BigInt(micros));
