import type { RecordedTollgateEvent, SpendingCap } from '@tollgate/contracts';
import type { TopUp } from './balance.ts';

/**
 * What a reservation rests on in the log `main`: one state for each stream that matters, folded from its events. `null` is a
 * stream without events.
 */
export interface MainFacts {
  readonly token: TokenFacts;
  readonly account: { readonly active: boolean };
  readonly product: { readonly prices: readonly ToolPrice[] };
  readonly organization: { readonly currency: string; readonly timeZone: string };
  readonly balance: PaidIn;
}
export type FactKind = keyof MainFacts;

export interface TokenFacts {
  readonly orgId: string;
  readonly accountId: string;
  readonly product: string;
  readonly status: 'active' | 'inactive' | 'revoked';
  readonly expiresAt: string | null;
}

export interface ToolPrice {
  readonly tool: string;
  readonly micros: string;
  readonly effectiveFrom: string;
  /** Place in the log. */
  readonly version: number;
}

/** What an organization paid in and how it wants to spend it. */
export interface PaidIn {
  /** In their order. */
  readonly topUps: readonly TopUp[];
  readonly thresholdMicros: string | null;
  readonly caps: ReadonlyMap<string, SpendingCap>;
}

export const nothingPaid: PaidIn = { topUps: [], thresholdMicros: null, caps: new Map() };

type State = MainFacts[FactKind] | null;

/** The state of a stream after its next event. Streams of other kinds, and events that do not matter here, leave it alone. */
export function evolveFacts(state: State, event: RecordedTollgateEvent): State {
  switch (event.type) {
    case 'TokenCreated': {
      const { accountId, product, expiresAt } = event.data;
      return { orgId: event.orgId as string, accountId, product, status: 'active', expiresAt };
    }
    case 'TokenReassigned':
      return { ...(state as TokenFacts), accountId: event.data.accountId };
    case 'TokenExpiryChanged':
      return { ...(state as TokenFacts), expiresAt: event.data.expiresAt };
    case 'TokenDeactivated':
      return withStatus(state as TokenFacts, 'inactive');
    case 'TokenActivated':
      return withStatus(state as TokenFacts, 'active');
    case 'TokenRevoked':
      return withStatus(state as TokenFacts, 'revoked');
    case 'AccountCreated':
      return { active: true };
    case 'AccountDeactivated':
      return { active: false };
    case 'ProductRegistered':
      return { prices: [] };
    case 'ToolPriceSet': {
      const { tool, priceMicros: micros, effectiveFrom } = event.data;
      const { prices } = (state ?? { prices: [] }) as MainFacts['product'];
      return { prices: [...prices, { tool, micros, effectiveFrom, version: event.position }] };
    }
    case 'OrganizationRegistered': {
      const { currency, timeZone } = event.data;
      return { currency, timeZone };
    }
    case 'BalanceToppedUp': {
      const paid = (state ?? nothingPaid) as PaidIn;
      const { id, position, type, at, version } = event;
      return { ...paid, topUps: [...paid.topUps, { ...event.data, at, version, evidence: { id, position, type } }] };
    }
    case 'LowBalanceThresholdSet':
      return { ...((state ?? nothingPaid) as PaidIn), thresholdMicros: event.data.thresholdMicros };
    case 'SpendingCapSet': {
      const paid = (state ?? nothingPaid) as PaidIn;
      const caps = new Map(paid.caps);
      if (event.data.cap) caps.set(event.data.tokenId, event.data.cap);
      else caps.delete(event.data.tokenId);
      return { ...paid, caps };
    }
    default:
      return state;
  }
}

/** Whether a token holds at an instant: neither revoked nor inactive nor expired, and its account is not off-boarded. */
export function isLive(token: TokenFacts, account: MainFacts['account'] | null, at: string): boolean {
  return token.status === 'active' && account?.active === true && (token.expiresAt === null || at < token.expiresAt);
}

/** The price of a tool at an instant: of those that have begun to hold the one that began last, and of these the newest. */
export function toolPriceAt(prices: readonly ToolPrice[], tool: string, at: string): ToolPrice | null {
  let best: ToolPrice | null = null;
  for (const price of prices) {
    if (price.tool !== tool || price.effectiveFrom > at) continue;
    if (!best || price.effectiveFrom >= best.effectiveFrom) best = price;
  }
  return best;
}

/** Revoked is final. */
const withStatus = (token: TokenFacts, status: TokenFacts['status']): TokenFacts =>
  token.status === 'revoked' ? token : { ...token, status };
