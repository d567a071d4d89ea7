/**
 * A JSON value as a `jsonb` column gives it back: members without a value are gone, and the others stand in its order, short names
 * first. So that whoever works on an event when it is committed sees it to the byte as whoever reads it later.
 */
export function asJsonb<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(asJsonb) as T;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => byteOrder(a, b));
  return Object.fromEntries(members.map(([name, member]) => [name, asJsonb(member)])) as T;
}

const isPlain = /^[\x20-\x7e]*$/;

/** Of names in a `jsonb`: by their length in bytes, then byte by byte. */
function byteOrder(a: string, b: string): number {
  if (isPlain.test(a) && isPlain.test(b)) return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length - right.length || left.compare(right);
}
