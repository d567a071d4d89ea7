import { type Environment, type EventData, TollgateError, type TollgateEvent } from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';

/** What a token opens. */
export type ProductState =
  { readonly status: 'none' } | ({ readonly status: 'registered' } & EventData<'ProductRegistered'>);
export type RegisteredProduct = Extract<ProductState, { status: 'registered' }>;

type ProductEvent = TollgateEvent<'ProductRegistered' | 'SeatPriceSet'>;

export const product: Aggregate<ProductState, ProductEvent> = {
  category: 'product',
  initial: { status: 'none' },
  evolve: (state, event) => (event.type === 'ProductRegistered' ? { status: 'registered', ...event.data } : state),
};

/** Registers a product with its first prices. Registered already, it decides nothing. */
export function registerProduct(
  state: ProductState,
  command: { product: EventData<'ProductRegistered'>; prices: readonly EventData<'SeatPriceSet'>[] },
): ProductEvent[] {
  if (state.status === 'registered') return [];
  return [
    { type: 'ProductRegistered', data: command.product },
    ...command.prices.map((data) => ({ type: 'SeatPriceSet' as const, data })),
  ];
}

export function theProduct(state: ProductState): RegisteredProduct {
  if (state.status === 'none')
    throw new TollgateError('UNKNOWN_REFERENCE', 'There is no such product. Leave "product" out for the default one.', [
      { path: 'product', message: 'names no product' },
    ]);
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
