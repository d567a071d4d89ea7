import { parseSecret } from './secret.ts';

/** The first 8 characters of a secret, such as `sk_live_`: kept and shown beside the token for ever. */
export function prefixOf(secret: string): string {
  return secret.slice(0, 8);
}

/**
 * How a secret is shown after its first and only showing: `sk_live_...9f3c`, that is all before the random part, three
 * dots and the last four characters. Throws a RangeError for a text that Tollgate did not mint, because four characters may be most of a
 * short foreign key; an imported key brings its hint along.
 */
export function hintOf(secret: string): string {
  const parsed = parseSecret(secret);
  if (parsed.kind !== 'well-formed') {
    throw new RangeError('Only a well-formed secret has a hint of its own; an imported key brings its hint along.');
  }
  const head = parsed.environment === null ? `${parsed.prefix}_` : `${parsed.prefix}_${parsed.environment}_`;
  return `${head}...${secret.slice(-4)}`;
}
