import { GetQuote } from './get-quote.ts';
import { ListSeats } from './list-seats.ts';
import { RebuildSeats } from './rebuild-seats.ts';

/** The use cases of billing. */
export const useCases = [GetQuote, ListSeats, RebuildSeats];
