import { invalidInput } from '@tollgate/bus';
import { type InputError, type InputOf, type productsSetPrice } from '@tollgate/contracts';
import type { Price } from '../../domain/product.ts';

type Input = InputOf<typeof productsSetPrice>;

const seatFields = ['plan', 'scope', 'price'] as const;
const toolFields = ['tool', 'priceMicros'] as const;

/** The one price that an input sets: a seat's or a tool's. Throws INVALID_INPUT for both, neither, or half of one. */
export function priceOf(input: Input): Price {
  const { plan, scope, price, tool, priceMicros, effectiveFrom } = input;
  const ofTool = toolFields.some((field) => input[field] !== undefined);
  const ofSeat = seatFields.some((field) => input[field] !== undefined);
  const errors: InputError[] = ofTool
    ? [
        ...missing(input, toolFields, 'the price of a tool'),
        ...seatFields
          .filter((field) => input[field] !== undefined)
          .map((field) => ({ path: field, message: 'belongs to the price of a seat: set one price at a time' })),
      ]
    : missing(input, seatFields, ofSeat ? 'the price of a seat' : 'the price of a seat (or tool and priceMicros)');
  if (errors.length > 0) throw invalidInput(errors);
  if (tool !== undefined && priceMicros !== undefined) return { tool: { tool, priceMicros, effectiveFrom } };
  if (plan !== undefined && scope !== undefined && price !== undefined)
    return { seat: { plan, scope, amount: price.amount, currency: price.currency, effectiveFrom } };
  throw new Error('a price without errors is complete');
}

function missing(input: Input, fields: readonly (keyof Input)[], of: string): InputError[] {
  return fields
    .filter((field) => input[field] === undefined)
    .map((field) => ({ path: field, message: `is needed for ${of}` }));
}
