import type { After } from '../accounts/ports.ts';

/** The read model of products: which there are. What they are, their streams say. */
export interface ProductList {
  /** Oldest first; the id is the product's key. */
  keys(after: After | null, limit: number): Promise<readonly After[]>;
  /** The product whose secrets begin so. */
  ofPrefix(tokenPrefix: string): Promise<string | null>;
}
