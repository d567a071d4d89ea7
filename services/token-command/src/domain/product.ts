import {
  type Environment,
  type EventData,
  starterPrices,
  TollgateError,
  type TollgateEvent,
} from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';
import { changedDetails, detailsOf } from './details.ts';

/** What a token opens, and what that costs. */
export type ProductState =
  | { readonly status: 'none' }
  | ({
      readonly status: 'registered';
      readonly createdAt: string;
      /** In the order of the log: of prices that begin together, a later one corrects an earlier one. */
      readonly seatPrices: readonly EventData<'SeatPriceSet'>[];
      readonly toolPrices: readonly EventData<'ToolPriceSet'>[];
    } & EventData<'ProductRegistered'>);
export type RegisteredProduct = Extract<ProductState, { status: 'registered' }>;

type ProductEvent = TollgateEvent<'ProductRegistered' | 'ProductDetailsChanged' | 'SeatPriceSet' | 'ToolPriceSet'>;

export const product: Aggregate<ProductState, ProductEvent> = {
  category: 'product',
  initial: { status: 'none' },
  evolve(state, event) {
    if (event.type === 'ProductRegistered')
      return { status: 'registered', createdAt: event.at, seatPrices: [], toolPrices: [], ...event.data };
    if (state.status === 'none') return state;
    switch (event.type) {
      case 'ProductDetailsChanged':
        return { ...state, name: event.data.name, mcpUrl: event.data.mcpUrl };
      case 'SeatPriceSet':
        return { ...state, seatPrices: [...state.seatPrices, event.data] };
      case 'ToolPriceSet':
        return { ...state, toolPrices: [...state.toolPrices, event.data] };
      default:
        return state;
    }
  },
};

/** Registers a product with the prices it begins with. Registered already, it decides nothing. */
export function registerProduct(
  state: ProductState,
  command: { product: EventData<'ProductRegistered'> },
): ProductEvent[] {
  return state.status === 'registered' ? [] : registration(command.product);
}

/** Registers a new product. `prefixOf`: the product whose secrets begin so already; people could not tell them apart. */
export function createProduct(
  state: ProductState,
  command: { product: EventData<'ProductRegistered'>; prefixOf: string | null },
): ProductEvent[] {
  const { product: created, prefixOf } = command;
  if (state.status === 'registered')
    throw new TollgateError('ALREADY_EXISTS', `The product "${created.key}" exists already. Choose another key.`, [
      { path: 'key', message: 'is the key of another product' },
    ]);
  if (prefixOf !== null)
    throw new TollgateError(
      'ALREADY_EXISTS',
      `Secrets of the product "${prefixOf}" begin with "${created.tokenPrefix}" already. Choose another tokenPrefix.`,
      [{ path: 'tokenPrefix', message: 'is the prefix of another product' }],
    );
  return registration(created);
}

/** A product without prices would have seats that nothing can be said about: it begins with the starter prices. */
const registration = (data: EventData<'ProductRegistered'>): ProductEvent[] => [
  { type: 'ProductRegistered', data },
  ...starterPrices(data.key).map((price) => ({ type: 'SeatPriceSet' as const, data: price })),
];

/** Renames it, or changes its MCP server. */
export function changeProduct(
  state: ProductState,
  command: { name?: string | undefined; mcpUrl?: string | null | undefined },
): ProductEvent[] {
  const current = theProductOfKey(state);
  const previous = detailsOf(current);
  const details = changedDetails(previous, command);
  return details === null ? [] : [{ type: 'ProductDetailsChanged', data: { key: current.key, ...details, previous } }];
}

/** A price of a seat, or one of a tool's call. */
export type Price =
  | { readonly seat: Omit<EventData<'SeatPriceSet'>, 'product'> }
  | { readonly tool: Omit<EventData<'ToolPriceSet'>, 'product'> };

/** Clocks of callers may be this much slow. No statement is issued so soon after the time it covers. */
const toleranceMs = 60_000;

/** Sets a price from an instant on. What has been billed stays as it is, so that instant is not in the past. */
export function setPrice(state: ProductState, command: { price: Price; now: string }): ProductEvent[] {
  const { key, seatPrices, toolPrices } = theProductOfKey(state);
  const { price, now } = command;
  const { effectiveFrom } = 'seat' in price ? price.seat : price.tool;
  if (Date.parse(effectiveFrom) < Date.parse(now) - toleranceMs) {
    throw new TollgateError(
      'PRICE_IN_PAST',
      `What was billed does not change, so a price begins now or later; it is now ${now}.`,
      [{ path: 'effectiveFrom', message: 'lies in the past' }],
    );
  }
  if ('seat' in price) {
    const data = { product: key, ...price.seat };
    const earlier = seatPrices.findLast(
      ({ plan, scope, currency, effectiveFrom: from }) =>
        plan === data.plan && scope === data.scope && currency === data.currency && from === effectiveFrom,
    );
    return earlier?.amount === data.amount ? [] : [{ type: 'SeatPriceSet', data }];
  }
  const data = { product: key, ...price.tool };
  const earlier = toolPrices.findLast(({ tool, effectiveFrom: from }) => tool === data.tool && from === effectiveFrom);
  return earlier?.priceMicros === data.priceMicros ? [] : [{ type: 'ToolPriceSet', data }];
}

/** The product that an input names. */
export function theProduct(state: ProductState): RegisteredProduct {
  if (state.status === 'none')
    throw new TollgateError('UNKNOWN_REFERENCE', 'There is no such product. Leave "product" out for the default one.', [
      { path: 'product', message: 'names no product' },
    ]);
  return state;
}

/** The product that a path names. */
export function theProductOfKey(state: ProductState): RegisteredProduct {
  if (state.status === 'none')
    throw new TollgateError('NOT_FOUND', 'There is no such product. List them with GET /v1/products.');
  return state;
}

/** The environment of a new token: what was asked for, else `live`; null for a product without environments. */
export function environmentOf(
  { environments, key }: RegisteredProduct,
  asked: Environment | undefined,
): Environment | null {
  if (environments.length === 0 && asked === undefined) return null;
  const environment = asked ?? 'live';
  if (!environments.includes(environment)) {
    const known =
      environments.length === 0
        ? 'has no environments; leave "environment" out'
        : `knows ${environments.join(' and ')}`;
    throw new TollgateError('ENVIRONMENT_UNKNOWN', `The product "${key}" ${known}.`, [
      { path: 'environment', message: 'is not one of the product' },
    ]);
  }
  return environment;
}
