import { type SpendingCap, TollgateError, type TollgateEvent } from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';
import type { TokenState } from './token.ts';

/**
 * What an organization has paid in and how it wants to spend it: top-ups by reference, the threshold below which it is told,
 * caps by token. What is left and what was spent is not known here: billing-meter keeps that, from these events on.
 */
export interface BalanceState {
  readonly topUps: ReadonlyMap<string, TopUpRecord>;
  readonly thresholdMicros: string | null;
  readonly caps: ReadonlyMap<string, SpendingCap>;
}

export interface TopUpRecord {
  readonly amountMicros: string;
  readonly at: string;
  readonly position: number;
}

type BalanceEvent = TollgateEvent<'BalanceToppedUp' | 'LowBalanceThresholdSet' | 'SpendingCapSet'>;

export const balance: Aggregate<BalanceState, BalanceEvent> = {
  category: 'balance',
  initial: { topUps: new Map(), thresholdMicros: null, caps: new Map() },
  evolve(state, event) {
    switch (event.type) {
      case 'BalanceToppedUp': {
        const { reference, amountMicros } = event.data;
        const { at, position } = event;
        return { ...state, topUps: new Map(state.topUps).set(reference, { amountMicros, at, position }) };
      }
      case 'LowBalanceThresholdSet':
        return { ...state, thresholdMicros: event.data.thresholdMicros };
      case 'SpendingCapSet':
        return { ...state, caps: withCap(state.caps, event.data.tokenId, event.data.cap) };
      default:
        return state;
    }
  },
};

/** Books a payment. A reference that was booked already decides nothing, and refuses another amount. */
export function topUp(state: BalanceState, command: { amountMicros: string; reference: string }): BalanceEvent[] {
  const { reference } = command;
  const amountMicros = plain(command.amountMicros);
  const booked = state.topUps.get(reference);
  if (!booked) return [{ type: 'BalanceToppedUp', data: { amountMicros, reference } }];
  if (booked.amountMicros === amountMicros) return [];
  throw new TollgateError(
    'REFERENCE_REUSED',
    `This reference was booked at ${booked.at} with ${booked.amountMicros} micro-units. Book another payment under a reference of its own.`,
    [{ path: 'reference', message: 'was booked with another amount' }],
  );
}

export function setThreshold(state: BalanceState, command: { thresholdMicros: string | null }): BalanceEvent[] {
  const { thresholdMicros: previous } = state;
  const thresholdMicros = command.thresholdMicros === null ? null : plain(command.thresholdMicros);
  return thresholdMicros === previous ? [] : [{ type: 'LowBalanceThresholdSet', data: { thresholdMicros, previous } }];
}

/** Caps what a token of the organization may spend, or with `null` no longer does. */
export function setCap(
  state: BalanceState,
  command: { orgId: string; tokenId: string; token: TokenState; cap: SpendingCap | null },
): BalanceEvent[] {
  const { orgId, tokenId, token } = command;
  if (token.status === 'none' || token.orgId !== orgId)
    throw new TollgateError('NOT_FOUND', 'There is no such token in this organization. List them with GET …/tokens.');
  const cap = command.cap && { ...command.cap, amountMicros: plain(command.cap.amountMicros) };
  const previous = state.caps.get(tokenId) ?? null;
  if (cap?.amountMicros === previous?.amountMicros && cap?.period === previous?.period) return [];
  return [{ type: 'SpendingCapSet', data: { tokenId, cap, previous } }];
}

function withCap(caps: BalanceState['caps'], tokenId: string, cap: SpendingCap | null): BalanceState['caps'] {
  const changed = new Map(caps);
  if (cap) changed.set(tokenId, cap);
  else changed.delete(tokenId);
  return changed;
}

/** Without zeros in front: the same amount is always the same text. */
const plain = (micros: string): string => String(BigInt(micros));
