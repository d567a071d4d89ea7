const slash = 47;
const percent = 37;

/** RFC 3986 `pchar` without percent-encodings and without `;`, whose meaning differs between servers (matrix parameters). */
const plain = new Uint8Array(128);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@") {
  plain[character.charCodeAt(0)] = 1;
}

/**
 * The segments of an HTTP request path as every server would read it, or null when servers could disagree about it:
 * such a path matches nothing, because what we would check might not be what the product serves.
 *
 * Cut off at the query; percent-encodings of path characters decoded (RFC 3986, 6.2.2.2), others kept with upper-case
 * digits; empty segments, `.` and `..` removed (RFC 3986, 5.2.4); no trailing slash. Refused: an encoded slash, a backslash,
 * control characters and NUL raw or encoded, a percent sign encoded twice, `;`, anything that RFC 3986 does not allow in a
 * path, a path that does not begin with `/`, and `..` after an empty segment, which removes one segment or two
 * depending on whether slashes are merged first.
 */
export function normalisePath(path: string): string[] | null {
  const query = path.indexOf('?');
  const decoded = decodePlain(query < 0 ? path : path.slice(0, query));
  if (decoded === null || decoded.charCodeAt(0) !== slash) return null;

  const segments: string[] = [];
  let previousIsEmpty = false;
  const parts = decoded.split('/');
  for (let index = 1; index < parts.length; index++) {
    const segment = parts[index] as string;
    if (segment === '..') {
      if (previousIsEmpty) return null;
      segments.pop();
    } else if (segment === '') {
      previousIsEmpty = true;
    } else if (segment !== '.') {
      segments.push(segment);
      previousIsEmpty = false;
    }
  }
  return segments;
}

/** The text with every decodable character decoded, or null when it holds one that is refused. */
function decodePlain(text: string): string | null {
  let decoded = '';
  let copied = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === slash || (code < 128 && plain[code])) continue;
    if (code !== percent) return null;
    const octet = hexOctet(text, index + 1);
    const replacement = octet < 0 ? null : decodeOctet(octet, text, index + 3);
    if (replacement === null) return null;
    decoded += text.slice(copied, index) + replacement;
    index += 2;
    copied = index + 1;
  }
  return copied === 0 ? text : decoded + text.slice(copied);
}

/** What `%XX` becomes, or null when it is refused. `next` is the index after it. */
function decodeOctet(octet: number, text: string, next: number): string | null {
  if (octet < 32 || octet === 127) return null;
  if (octet === slash || octet === 92 || octet === 59) return null;
  if (octet === percent && hexOctet(text, next) >= 0) return null;
  if (octet < 128 && plain[octet]) return String.fromCharCode(octet);
  return `%${octet.toString(16).toUpperCase()}`;
}

/** The value of the two hex digits at `index`, or -1. */
function hexOctet(text: string, index: number): number {
  const pair = text.slice(index, index + 2);
  return /^[0-9a-fA-F]{2}$/.test(pair) ? parseInt(pair, 16) : -1;
}
