import type { Product } from '@tollgate/contracts';
import type { Folded } from '../../domain/aggregate.ts';
import { type ProductState, theProductOfKey } from '../../domain/product.ts';

export function presentProduct({ state, version }: Folded<ProductState>): Product {
  const { status: _, seatPrices, toolPrices, ...product } = theProductOfKey(state);
  return {
    ...product,
    prices: {
      seats: seatPrices.map(({ plan, scope, amount, currency, effectiveFrom }) => ({
        plan,
        scope,
        price: { amount, currency },
        effectiveFrom,
      })),
      tools: toolPrices.map(({ tool, priceMicros, effectiveFrom }) => ({ tool, priceMicros, effectiveFrom })),
    },
    version,
  };
}
