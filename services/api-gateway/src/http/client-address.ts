import { isIP } from 'node:net';

/**
 * The address that a request came from. `X-Forwarded-For` counts only behind `trustedProxies` proxies, each of which
 * appends the address it saw: anything further left was written by the client.
 */
export function clientAddress(
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string | undefined {
  const direct = plainAddress(socketAddress ?? '');
  if (trustedProxies === 0 || forwardedFor === undefined) return direct;
  const hops = forwardedFor.split(',').map((hop) => hop.trim());
  return plainAddress(hops.at(-trustedProxies) ?? hops[0] ?? '') ?? direct;
}

/** How many proxies `TOLLGATE_TRUST_PROXY` trusts: its number; 1 for any other text; 0 when it is empty or absent. */
export function trustedProxiesOf(setting: string | undefined): number {
  if (!setting || setting === 'false') return 0;
  return /^\d{1,2}$/.test(setting) ? Number(setting) : 1;
}

/** Without the port that some proxies add, and IPv4 as such where the socket speaks IPv6. */
function plainAddress(text: string): string | undefined {
  const address = text
    .replace(/^::ffff:(?=\d+\.)/i, '')
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  return isIP(address) ? address : undefined;
}
