import { TollgateError } from '@tollgate/contracts';
import { callHeaders } from './call-context.ts';
import { invalidInput } from './input.ts';

/** Header values by lower-case name. NATS tells `authorization` from `Authorization`; a caller in any language may send either. */
export type HeaderValues = Record<string, string>;

/** Reads the headers of a NATS message; of a header that came twice the first counts. */
export function headerValues(headers: Iterable<[string, string[]]> | undefined): HeaderValues {
  const values: HeaderValues = {};
  if (headers) for (const [name, [first]] of headers) values[name.toLowerCase()] ??= first ?? '';
  return values;
}

/** One header by its name in `callHeaders`, or null. */
export function header(values: HeaderValues, name: keyof typeof callHeaders): string | null {
  return values[callHeaders[name].toLowerCase()] ?? null;
}

/** @throws TollgateError INVALID_INPUT for path `headers.Idempotency-Key` */
export function parseIdempotencyKey(value: string | null): string | null {
  if (value === null || /^[\x21-\x7e]{1,200}$/.test(value)) return value;
  throw invalidHeader(callHeaders.idempotencyKey, 'must have 1 to 200 visible ASCII characters');
}

/**
 * The version that `If-Match` names (RFC 9110, 13.1.1): `"3"`, `W/"3"` or `3`. `*` and an absent header are no condition.
 * @throws TollgateError INVALID_INPUT for path `headers.If-Match`
 */
export function parseIfMatch(value: string | null): number | null {
  if (value === null || value === '*') return null;
  const match = /^(?:(?:W\/)?"(\d{1,15})"|(\d{1,15}))$/.exec(value.trim());
  if (!match) throw invalidHeader(callHeaders.ifMatch, 'must be a version as ETag returned it, such as "3"');
  return Number(match[1] ?? match[2]);
}

const invalidHeader = (name: string, message: string): TollgateError =>
  invalidInput([{ path: `headers.${name}`, message }]);
