/**
 * Takes secrets out of text that is about to leave the process in a log line or a span.
 * It works on the serialised text, so it does not matter whether a secret came in a message, a bound field, a nested
 * object or the stack of an error. What it knows: agent tokens (64 hex after an underscore, with or without the
 * checksum), JWTs, credentials of the `Authorization` schemes, passwords in URLs, NATS seeds, and JSON members whose name
 * says that they are secret. Every pattern is linear in the length of the text.
 */
export function maskSecrets(text: string): string {
  let masked = text;
  for (const [pattern, replacement] of patterns) masked = masked.replace(pattern, replacement);
  return masked;
}

const mask = '[masked]';

const secretMembers = 'authorization|proxy-authorization|cookie|set-cookie|password|secret|token';

const patterns: readonly (readonly [RegExp, string])[] = [
  // A JSON member with a text or a list of texts; and one inside a JSON string, where the quotes are escaped.
  [new RegExp(`("(?:${secretMembers})"\\s*:\\s*")(?:[^"\\\\]|\\\\.)*"`, 'gi'), `$1${mask}"`],
  [new RegExp(`("(?:${secretMembers})"\\s*:\\s*)\\[[^\\]]{0,4000}\\]`, 'gi'), `$1"${mask}"`],
  [new RegExp(`(\\\\{1,16}"(?:${secretMembers})\\\\{1,16}"\\s*:\\s*\\\\{1,16}")[^"\\\\]*`, 'gi'), `$1${mask}`],
  // `sk_live_<64 hex>_<checksum>`: the prefix stays, it says which product the text belonged to. A shorter run of hex is an id.
  [/_[0-9A-Fa-f]{64,}(?:_[0-9A-Za-z]*)?/g, `_${mask}`],
  [/eyJ[\w.-]+/g, mask],
  [/\b(Bearer|Basic)(\s+)[A-Za-z0-9._~+/=-]+/gi, `$1$2${mask}`],
  [/\b(authorization\s*[:=]\s*)[^\s"',;}\\]+/gi, `$1${mask}`],
  [/(:\/\/[^\s:@/"]{1,200}:)[^\s@/"]{1,200}@/g, `$1${mask}@`],
  [/\bS[A-Z2-7]{57}\b/g, mask],
];
