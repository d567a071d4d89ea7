import { parseInput } from '@tollgate/bus';
import { TollgateError, tokensVerify, type VerifyRequest } from '@tollgate/contracts';

export const forwardAuthPath = '/v1/forward-auth';

/** What the configuration of a proxy asks for, besides the token. */
export interface Wishes {
  readonly request: VerifyRequest;
  /** nginx's `auth_request` knows 2xx, 401 and 403; it makes a 500 of anything else. */
  readonly proxy: 'nginx' | null;
}

/** Wishes that hold for a whole location of a proxy. */
const settings = ['space', 'resource', 'operation', 'project', 'tool', 'product', 'environment', 'costMicros'];

/**
 * Reads the wishes from the URL that the proxy calls, in one of two forms:
 *
 * - `/v1/forward-auth?space=…&resource=…&operation=…`: the query is the proxy's configuration; it may name `method` and `path`
 *   of the call, too.
 * - `/v1/forward-auth/api/agent-base?limit=5`: the proxy appended the path of the call and kept its method, as Envoy does. They are
 *   the wish; the query is the client's and is not looked at. Settings stand between the prefix and the path, where no
 *   client can put anything, because a path begins with a slash: `/v1/forward-auth;space=spc_…;proxy=nginx/api/agent-base`.
 *
 * Headers are never looked at. A setting that is unknown or comes twice is refused: something that a client sent may have
 * got into it.
 * @param url the request target, as it came
 * @throws TollgateError INVALID_INPUT, ROUTE_NOT_FOUND
 */
export function readWishes(method: string, url: string): Wishes {
  const rest = url.slice(forwardAuthPath.length);
  if (rest === '') return wishesOf([], []);
  if (rest[0] === '?') return wishesOf([...new URLSearchParams(rest)], [...settings, 'method', 'path']);
  if (rest[0] !== '/' && rest[0] !== ';') {
    throw new TollgateError('ROUTE_NOT_FOUND', `Ask at ${forwardAuthPath}, with the settings after ? or ;.`);
  }
  const slash = rest.indexOf('/');
  const query = rest.indexOf('?');
  if (slash < 0 || (query >= 0 && query < slash)) {
    throw invalid('path', 'must follow the settings after ; as the proxy appends it');
  }
  const { request, proxy } = wishesOf(readSettings(rest.slice(0, slash)), settings);
  // A location that stands for one operation says so in its settings; else the call itself says what it is.
  if (request.resource !== undefined || request.operation !== undefined) return { request, proxy };
  return { request: { ...request, method, path: rest.slice(slash) }, proxy };
}

/** `;space=spc_…;proxy=nginx` */
function readSettings(text: string): [string, string][] {
  return text
    .split(';')
    .filter((setting) => setting !== '')
    .flatMap((setting) => [...new URLSearchParams(setting)]);
}

function wishesOf(entries: readonly (readonly [string, string])[], known: readonly string[]): Wishes {
  const wishes: Record<string, string> = {};
  for (const [name, value] of entries) {
    if (name !== 'proxy' && !known.includes(name)) throw invalid(name, 'is not a known setting');
    if (Object.hasOwn(wishes, name)) throw invalid(name, 'came twice');
    wishes[name] = value;
  }
  const { proxy, ...request } = wishes;
  if (proxy !== undefined && proxy !== 'nginx') throw invalid('proxy', 'must be nginx, or be absent');
  return { request: parseInput(tokensVerify, request), proxy: proxy ?? null };
}

function invalid(name: string, message: string): TollgateError {
  return new TollgateError('INVALID_INPUT', `${name} ${message}.`, [{ path: name, message }]);
}
