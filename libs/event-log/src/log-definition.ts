import { eventTypes, upcasts, type Catalogue, type Upcasts } from '@tollgate/contracts';

/**
 * Which log: its schema in Postgres and the events it holds. There is one mechanism for all logs; each has positions, a
 * head row, an id and a writer of its own.
 */
export interface LogDefinition {
  /** Holds the tables `head`, `events` and `idempotency`. */
  readonly schema: string;
  readonly catalogue: Catalogue;
  readonly upcasts: Upcasts;
  /** Its appends may carry rows of the schema `personal`. */
  readonly personal: boolean;
}

/** `main`: the directory, tokens, prices, top-ups. */
export const mainLog: LogDefinition = { schema: 'log', catalogue: eventTypes, upcasts, personal: true };
