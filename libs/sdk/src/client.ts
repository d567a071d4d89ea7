import {
  fromProblem,
  pathParameters,
  TollgateError,
  type AnyOperation,
  type OutputOf,
  type Problem,
  type RawPage,
  type RequestOf,
  tokensVerify,
  type Decision,
  type VerifyRequest,
} from '@tollgate/contracts';
import type { NatsCaller, NatsOptions } from './nats-caller.ts';
import type { TokenVerifier } from './token-verifier.ts';
import { namespaces, type Namespaces } from './namespaces.ts';

export interface ClientOptions {
  /** The control plane, for example `http://127.0.0.1:8080`. Not needed by who verifies only. */
  readonly url?: string;
  /** The data plane (`tokens.verify`), for example `http://127.0.0.1:8081`. */
  readonly verifierUrl?: string;
  /** A JWT. */
  readonly token?: string;
  /** Asked before each call instead of `token`, so that it can renew the JWT. */
  readonly tokenProvider?: () => string | Promise<string>;
  readonly fetch?: typeof globalThis.fetch;
  /** Verifies over NATS in place of HTTP; the NATS user needs the grant `verify`, and no JWT. The rest stays on HTTP. */
  readonly transport?: { readonly nats: NatsOptions };
}

export interface CallOptions {
  /** The same key and input give the same answer without doing it twice. Only operations that are POSTed take it. */
  readonly idempotencyKey?: string;
  /** The version that the change is meant for; another one is refused with VERSION_MISMATCH. */
  readonly ifMatch?: number;
  readonly signal?: AbortSignal;
}

/** A refusal as the client throws it: a `TollgateError` (`code`, `message`, `errors`) with what HTTP adds. */
export interface RefusedCall extends TollgateError {
  readonly status: number;
  /** Finds the request in the service logs. */
  readonly requestId: string | undefined;
}

/**
 * Calls operations over HTTP. Input and answer are typed by the operation's definition:
 *
 * ```ts
 * const tollgate = createClient({ url: 'http://127.0.0.1:8080', token });
 * const { token, secret } = await tollgate.tokens.create({ org, name, accountId, scope: { type: 'multi-space' }, acknowledgeBilling: true });
 * ```
 */
export class TollgateClient implements TokenVerifier {
  readonly #options: ClientOptions;
  #nats: Promise<NatsCaller> | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Does this token hold, for what is asked? Over NATS when the client has that transport, else over HTTP. */
  verify(request: VerifyRequest, options?: CallOptions): Promise<Decision> {
    return this.call(tokensVerify, request, options);
  }

  /** Ends the connection to NATS, if there is one. */
  async close(): Promise<void> {
    await (await this.#nats?.catch(() => undefined))?.close();
    this.#nats = undefined;
  }

  /**
   * Throws `RefusedCall` for every refusal of Tollgate, and SERVICE_UNAVAILABLE when no server answers.
   * Defaults are left to the server.
   */
  async call<Op extends AnyOperation>(
    operation: Op,
    input: RequestOf<Op>,
    options: CallOptions = {},
  ): Promise<OutputOf<Op>> {
    const { transport } = this.#options;
    if (transport && operation.who.includes('caller'))
      return (await this.#overNats(transport.nats)).call(operation, input);
    const response = await this.open(operation, input, options);
    const text = await response.text();
    if (operation.http?.raw) return rawAnswer(response, text) as OutputOf<Op>;
    return (text === '' ? undefined : parse(text, new URL(response.url).origin)) as OutputOf<Op>;
  }

  /** As `call`, but gives the response itself, whose body can be read as a stream: for long answers that are text. */
  async open<Op extends AnyOperation>(
    operation: Op,
    input: RequestOf<Op>,
    options: CallOptions = {},
  ): Promise<Response> {
    const { url, init } = this.#request(operation, input as Record<string, unknown>, options);
    const send = this.#options.fetch ?? globalThis.fetch;
    const authorization = await this.#authorization();
    const response = await send(url, { ...init, headers: { ...init.headers, ...authorization } }).catch(
      (cause: unknown) => {
        if (options.signal?.aborted) throw cause;
        throw unreachable(url.origin, cause);
      },
    );
    if (!response.ok) throw refusal(response, await response.text());
    return response;
  }

  /** Connects with the first call; one that failed is tried again with the next. */
  #overNats(options: NatsOptions): Promise<NatsCaller> {
    this.#nats ??= import('./nats-caller.ts').then(async ({ NatsCaller }) => {
      try {
        return await NatsCaller.connect(options);
      } catch (error) {
        this.#nats = undefined;
        throw error;
      }
    });
    return this.#nats;
  }

  #request(operation: AnyOperation, input: Record<string, unknown>, options: CallOptions) {
    if (!operation.http) {
      throw new TollgateError('INVALID_INPUT', `${operation.name} has no HTTP route: it is served on the bus only.`);
    }
    const { method, path } = operation.http;
    const inPath = pathParameters(path);
    const filled = path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) => pathSegment(name, input[name]));
    const url = new URL(filled, this.#baseUrl(operation));
    const rest = Object.entries(input).filter(([name, value]) => !inPath.includes(name) && value !== undefined);
    const headers: Record<string, string> = {
      accept: operation.http.raw?.join(', ') ?? 'application/json',
      ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
      ...(options.ifMatch === undefined ? {} : { 'if-match': `"${options.ifMatch}"` }),
    };
    const init = { method, headers, ...(options.signal ? { signal: options.signal } : {}) };
    if (method === 'GET' || method === 'DELETE') {
      for (const [name, value] of rest) url.searchParams.set(name, String(value));
      return { url, init };
    }
    headers['content-type'] = 'application/json';
    return { url, init: { ...init, body: JSON.stringify(Object.fromEntries(rest)) } };
  }

  #baseUrl(operation: AnyOperation): string {
    if (operation.http?.door !== 'data') {
      if (this.#options.url) return this.#options.url;
      throw new TollgateError(
        'INVALID_INPUT',
        `${operation.name} is served by the control plane: give the client its url.`,
      );
    }
    if (this.#options.verifierUrl) return this.#options.verifierUrl;
    throw new TollgateError(
      'INVALID_INPUT',
      `${operation.name} is served by the verifier: give the client its verifierUrl.`,
    );
  }

  async #authorization(): Promise<Record<string, string>> {
    const jwt = (await this.#options.tokenProvider?.()) ?? this.#options.token;
    return jwt ? { authorization: `Bearer ${jwt}` } : {};
  }
}

/** URLs drop the segments `.` and `..`, which would call another route than the one that was meant. */
function pathSegment(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : '';
  if (!/^\.{0,2}$/.test(text)) return encodeURIComponent(text);
  throw new TollgateError('INVALID_INPUT', 'Correct the fields that `errors` names.', [
    { path: name, message: 'must be an id as Tollgate returned it' },
  ]);
}

/** A client that also has a method per operation: `client.tokens.create(…)`, `client.tokens.verify(…)`. */
export function createClient(options: ClientOptions): TollgateClient & Namespaces {
  const client = new TollgateClient(options);
  return Object.assign(client, namespaces(client));
}

/** All of an answer that is text: the gateway has put its pages together. */
function rawAnswer(response: Response, body: string): RawPage {
  return { contentType: response.headers.get('content-type') ?? '', headers: {}, body, next: null };
}

function refusal(response: Response, text: string): RefusedCall {
  const problem = problemOf(text) ?? {
    code: response.status === 503 ? ('SERVICE_UNAVAILABLE' as const) : ('INTERNAL' as const),
    detail: `${new URL(response.url).origin} answered with status ${response.status} and no problem document.`,
  };
  const requestId = response.headers.get('x-request-id') ?? undefined;
  return Object.assign(fromProblem(problem as Problem), { status: response.status, requestId });
}

function problemOf(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Problem | null;
    return typeof value?.code === 'string' && typeof value.detail === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function parse(text: string, origin: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreachable(origin, cause);
  }
}

function unreachable(origin: string, cause: unknown): RefusedCall {
  const detail = `Tollgate does not answer at ${origin}. Is the stack running (npm start), and is the address right?`;
  const error = new TollgateError('SERVICE_UNAVAILABLE', detail, undefined, { cause });
  return Object.assign(error, { status: 503, requestId: undefined });
}
