import { checksumLength, decodeChecksum, encodeChecksum } from './base62.ts';
import { crc32OfAscii } from './crc32.ts';

/** The environments a secret can name. A product without environments has secrets without that part. */
export type SecretEnvironment = 'live' | 'test';

/** What the text of a secret says about itself. Only `well-formed` and `foreign` texts are worth a look-up. */
export type ParsedSecret =
  | { readonly kind: 'well-formed'; readonly prefix: string; readonly environment: SecretEnvironment | null }
  | { readonly kind: 'malformed'; readonly reason: 'checksum' }
  | { readonly kind: 'foreign' };

const malformed: ParsedSecret = Object.freeze({ kind: 'malformed', reason: 'checksum' });
const foreign: ParsedSecret = Object.freeze({ kind: 'foreign' });

const randomLength = 32;
const hexLength = 2 * randomLength;
/** `_` + hex + `_` + checksum: what follows the prefix and the environment. */
const tailLength = 1 + hexLength + 1 + checksumLength;
const environmentLength = '_live'.length;
const underscore = 95;

/**
 * Makes the text of a secret: `<prefix>_<environment>_` + 64 hex digits + `_` + 6 base62 characters, a CRC-32 over
 * all before the last `_`. With `environment` null the environment and its `_` are left out.
 *
 * `randomBytes` are 32 bytes of a cryptographically secure generator; they are an argument so that this stays pure.
 * Throws a RangeError when the prefix is not `[a-z][a-z0-9]*` or there are not 32 bytes.
 */
export function mintSecret(parts: {
  prefix: string;
  environment: SecretEnvironment | null;
  randomBytes: Uint8Array;
}): string {
  const { prefix, environment, randomBytes } = parts;
  if (!isPrefix(prefix, prefix.length)) {
    throw new RangeError('A token prefix is a lower-case letter followed by lower-case letters and digits.');
  }
  if (environment !== null && environment !== 'live' && environment !== 'test') {
    throw new RangeError('The environment of a secret is live, test or null.');
  }
  if (randomBytes.length !== randomLength) {
    throw new RangeError(`A secret is made of ${randomLength} random bytes; ${randomBytes.length} came.`);
  }
  const head = environment === null ? `${prefix}_` : `${prefix}_${environment}_`;
  const checked = head + Buffer.from(randomBytes.buffer, randomBytes.byteOffset, randomLength).toString('hex');
  return `${checked}_${encodeChecksum(crc32OfAscii(checked, checked.length))}`;
}

/**
 * Says what a presented text is, without a look-up:
 * - `well-formed`: our shape and the checksum fits;
 * - `malformed`: our shape with a wrong checksum, so nobody minted it;
 * - `foreign`: any other text. It may be an imported key of an older system and is looked up like any other.
 *
 * The checksum turns typos and junk away; it is a filter, not a control. This runs on every verification: it walks the
 * text from its end, without a regular expression, and allocates nothing.
 */
export function kindOfSecret(text: string): ParsedSecret['kind'] {
  const headLength = text.length - tailLength;
  if (headLength < 1) return 'foreign';
  const checkedLength = headLength + 1 + hexLength;
  if (text.charCodeAt(headLength) !== underscore || text.charCodeAt(checkedLength) !== underscore) return 'foreign';
  if (!isHex(text, headLength + 1, checkedLength)) return 'foreign';
  if (!isPrefix(text, prefixLengthBefore(text, headLength))) return 'foreign';

  const checksum = decodeChecksum(text, checkedLength + 1);
  if (checksum < 0) return 'foreign';
  return checksum === crc32OfAscii(text, checkedLength) ? 'well-formed' : 'malformed';
}

/** What `kindOfSecret` says, and the parts of a well-formed secret. */
export function parseSecret(text: string): ParsedSecret {
  const kind = kindOfSecret(text);
  if (kind === 'malformed') return malformed;
  if (kind === 'foreign') return foreign;
  const headLength = text.length - tailLength;
  const prefix = text.slice(0, prefixLengthBefore(text, headLength));
  return { kind, prefix, environment: environmentBefore(text, headLength) };
}

function prefixLengthBefore(text: string, headLength: number): number {
  return environmentBefore(text, headLength) === null ? headLength : headLength - environmentLength;
}

/** The environment that ends right before `end`. Prefixes hold no `_`, so this is never a part of one. */
function environmentBefore(text: string, end: number): SecretEnvironment | null {
  const start = end - environmentLength;
  if (start < 1) return null;
  if (text.startsWith('_live', start)) return 'live';
  return text.startsWith('_test', start) ? 'test' : null;
}

/** Whether the first `length` characters are `[a-z][a-z0-9]*`. */
function isPrefix(text: string, length: number): boolean {
  if (length < 1 || !isLowerCase(text.charCodeAt(0))) return false;
  for (let index = 1; index < length; index++) {
    const code = text.charCodeAt(index);
    if (!isLowerCase(code) && !isDigit(code)) return false;
  }
  return true;
}

/** By ASCII code: 0 for a lower-case hex digit, else 1. */
const notHex = new Uint8Array(128).fill(1);
for (const digit of '0123456789abcdef') notHex[digit.charCodeAt(0)] = 0;

/** Looks at every character and decides once: a decision for each would be guessed wrong by the processor every second time. */
function isHex(text: string, start: number, end: number): boolean {
  let wrong = 0;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    wrong |= (notHex[code & 127] as number) | (code >> 7);
  }
  return wrong === 0;
}

function isLowerCase(code: number): boolean {
  return code >= 97 && code <= 122;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
