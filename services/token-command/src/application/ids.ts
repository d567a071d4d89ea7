import { ulid } from 'ulid';

export type IdPrefix = 'org' | 'spc' | 'acc' | 'tok';

/** A new id: the prefix and a ULID in lower case (48 bits of time, 80 random bits), so that ids sort by creation. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${ulid().toLowerCase()}`;
}
