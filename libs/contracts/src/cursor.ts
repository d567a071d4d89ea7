import { TollgateError } from './errors.ts';

/** The sort key of the last item of a page: what the next page starts after. */
export type SortKey = readonly (string | number)[];

/** What a part of a sort key can be. A cursor can be made up by whoever reads this file, so every part is looked at. */
const keyParts = {
  string: (part: unknown) => typeof part === 'string' && part.isWellFormed() && !part.includes('\0'),
  /** RFC 3339 UTC with milliseconds. */
  instant: (part: unknown) => typeof part === 'string' && /^(?!0000)\d{4}-/.test(part) && isInstant(part),
  /** A position. */
  number: (part: unknown) => Number.isSafeInteger(part),
} as const;
export type KeyPart = keyof typeof keyParts;

/**
 * The opaque cursor of a list: base64url of the list's name, its tenant and the sort key, behind a checksum.
 * The checksum turns away what was edited or cut off; it protects nothing, because a cursor gives no access by itself:
 * every page is read under the tenant of its own request.
 */
export function encodeCursor(list: string, orgId: string, key: SortKey): string {
  const content = JSON.stringify([list, orgId, ...key]);
  return toBase64Url(`${checksum(content)}${content}`);
}

/**
 * The sort key in a cursor that `encodeCursor` made for the same list and tenant.
 * `shape` tells the kind of each part of the key: `['number']`, `['instant', 'string']`.
 * @throws TollgateError INVALID_CURSOR for anything else.
 */
export function decodeCursor(list: string, orgId: string, cursor: string, shape: readonly KeyPart[]): SortKey {
  const refusal = new TollgateError(
    'INVALID_CURSOR',
    'Send nextCursor of the page before, unchanged, to the same list of the same organization, or leave it out to start anew.',
    [{ path: 'cursor', message: 'was not issued by this list' }],
  );
  let text: string;
  let parts: unknown;
  try {
    text = fromBase64Url(cursor);
    parts = JSON.parse(text.slice(8));
  } catch {
    throw refusal;
  }
  // Base64 has several spellings of some texts: only the one that was issued is accepted.
  if (toBase64Url(text) !== cursor || checksum(text.slice(8)) !== text.slice(0, 8)) throw refusal;
  if (!Array.isArray(parts)) throw refusal;
  const [ofList, ofOrg, ...key] = parts as unknown[];
  if (ofList !== list || ofOrg !== orgId || key.length !== shape.length) throw refusal;
  if (!key.every((part, index) => keyParts[shape[index] as KeyPart](part))) throw refusal;
  return key as (string | number)[];
}

function isInstant(text: string): boolean {
  const timeMs = Date.parse(text);
  return !Number.isNaN(timeMs) && new Date(timeMs).toISOString() === text;
}

/** FNV-1a of the UTF-16 code units, 32 bits, as 8 hex digits. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

function toBase64Url(text: string): string {
  return new TextEncoder().encode(text).toBase64({ alphabet: 'base64url', omitPadding: true });
}

function fromBase64Url(text: string): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.fromBase64(text, { alphabet: 'base64url' }));
}
