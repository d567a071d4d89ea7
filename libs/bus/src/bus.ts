import { readFile } from 'node:fs/promises';
import {
  fromProblem,
  inboxPrefixOf,
  redialing,
  subjectOf,
  TollgateError,
  type AnyOperation,
  type OutputOf,
  type Problem,
  type RequestOf,
  type ServiceName,
} from '@tollgate/contracts';
import { createLogger, currentRequestId, injectTrace, SpanKind, withSpan } from '@tollgate/telemetry';
import {
  connect,
  credsAuthenticator,
  headers as createHeaders,
  PermissionViolationError,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Payload,
  type Status,
  type Subscription,
} from '@nats-io/transport-node';
import { callHeaders } from './call-context.ts';
import { RequestMultiplexer, unavailable } from './requests.ts';

export interface BusOptions {
  readonly service: ServiceName;
  readonly url: string;
  /** The path of a `.creds` file; absent when the server lets everybody in. */
  readonly credsFile?: string;
}

export interface CallOptions {
  /** The caller's `Bearer …`, passed on as it came. Internal operations and those open to every `caller` need none. */
  readonly authorization?: string;
  /** More headers, for example `Idempotency-Key` and `If-Match`. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** 5000 by default. */
  readonly timeoutMs?: number;
}

/** What a caller of operations needs. */
export interface BusClient {
  /**
   * Calls an operation. The trace and the request id of the calling code go with it.
   * @throws TollgateError the refusal of the operation, or SERVICE_UNAVAILABLE when no answer can be had: at once while
   * the connection is known to be down. Whether the operation was carried out is then unknown.
   */
  call<Op extends AnyOperation>(operation: Op, input: RequestOf<Op>, options?: CallOptions): Promise<OutputOf<Op>>;
}

const logger = createLogger('bus');
const drainMs = 1000;

/** Connects, and keeps trying until the server is there: also the first time. */
export async function connectBus({ service, url, credsFile }: BusOptions): Promise<Bus> {
  const creds = credsFile === undefined ? undefined : await readFile(credsFile);
  const waiting = setInterval(
    () => logger.warn({ url }, 'the bus cannot be reached yet, or refuses these credentials'),
    5000,
  ).unref();
  try {
    const nc = await connect({
      servers: url,
      name: service,
      inboxPrefix: inboxPrefixOf(service),
      ...(creds ? { authenticator: credsAuthenticator(creds) } : {}),
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      ...redialing(),
      timeout: 2000,
      // A server that is frozen or cut off without a word is noticed within about 3 s.
      pingInterval: 1000,
      maxPingOut: 2,
      ignoreAuthErrorAbort: true,
    });
    return new Bus(service, nc);
  } finally {
    clearInterval(waiting);
  }
}

/** A service's connection to NATS. Subscriptions survive reconnects; messages sent in between do not arrive. */
export class Bus implements BusClient {
  readonly service: ServiceName;
  readonly nc: NatsConnection;
  readonly #requests: RequestMultiplexer;
  readonly #reconnectListeners = new Set<() => void>();
  readonly #refused = new Set<string>();
  #connected = true;

  constructor(service: ServiceName, nc: NatsConnection) {
    this.service = service;
    this.nc = nc;
    this.#requests = new RequestMultiplexer(nc, inboxPrefixOf(service));
    void this.#follow(nc.status());
  }

  /** False from the moment a broken connection is noticed until it is back. */
  get connected(): boolean {
    return this.#connected && !this.nc.isClosed();
  }

  /** What keeps the bus from being used as intended, or null: for readiness. */
  problem(): string | null {
    if (!this.connected) return 'NATS cannot be reached';
    const [subject] = this.#refused;
    return subject === undefined ? null : `the NATS user of ${this.service} may not subscribe to ${subject}`;
  }

  /** Calls `listener` after every reconnect: messages may have been missed. Returns a function that ends it. */
  onReconnect(listener: () => void): () => void {
    this.#reconnectListeners.add(listener);
    return () => this.#reconnectListeners.delete(listener);
  }

  async call<Op extends AnyOperation>(
    operation: Op,
    input: RequestOf<Op>,
    options: CallOptions = {},
  ): Promise<OutputOf<Op>> {
    if (!this.connected) throw unavailable('The bus cannot be reached right now.');
    const subject = subjectOf(operation);
    return withSpan(
      `call ${operation.name}`,
      async () => {
        const reply = await this.#requests.request(
          subject,
          JSON.stringify(input),
          headersOf(options),
          options.timeoutMs ?? 5000,
        );
        return readReply(operation, reply) as OutputOf<Op>;
      },
      { kind: SpanKind.CLIENT, attributes: { 'rpc.system': 'nats', 'rpc.method': operation.name } },
    );
  }

  /** Delivers every message on the subject, with `queue` to one of the subscribers of that name. */
  subscribe(subject: string, onMessage: (message: Msg) => void, options: { queue?: string } = {}): Subscription {
    return this.nc.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        if (!error) return onMessage(message);
        logger.error({ err: error, subject }, 'the subscription ended');
        if (error instanceof PermissionViolationError) this.#refused.add(subject);
      },
    });
  }

  /** Publishes JSON on core NATS, with the trace of the calling code: at most once, and not at all while disconnected. */
  publish(subject: string, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    if (!this.connected) throw unavailable('The bus cannot be reached right now.');
    this.nc.publish(subject, JSON.stringify(body), { headers: traced(headers) });
  }

  /** Sends what is under way and closes the connection; a server that does not answer is not waited for. */
  async close(): Promise<void> {
    if (this.#connected && !this.nc.isClosed()) {
      const tooLate = new Promise<void>((resolve) => setTimeout(resolve, drainMs).unref());
      await Promise.race([this.nc.drain().catch(() => undefined), tooLate]);
    }
    if (!this.nc.isClosed()) await this.nc.close();
  }

  async #follow(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) {
      if (status.type === 'disconnect' || status.type === 'staleConnection') {
        if (this.#connected) logger.warn('the connection to the bus broke');
        this.#connected = false;
        this.#requests.failAll();
      } else if (status.type === 'reconnect') {
        this.#connected = true;
        logger.info('connected to the bus again');
        for (const listener of this.#reconnectListeners) listener();
      } else if (status.type === 'error') {
        if (status.error instanceof PermissionViolationError) this.#requests.failForbidden(status.error);
        logger.error({ err: status.error }, 'the bus reports an error');
      }
    }
    this.#connected = false;
    this.#requests.failAll();
  }
}

function headersOf({ authorization, headers }: CallOptions): MsgHdrs {
  const requestId = currentRequestId();
  return traced({
    ...(requestId === undefined ? {} : { [callHeaders.requestId]: requestId }),
    ...headers,
    ...(authorization === undefined ? {} : { [callHeaders.authorization]: authorization }),
  });
}

function traced(values: Readonly<Record<string, string | undefined>>): MsgHdrs {
  const all: Record<string, unknown> = { ...values };
  injectTrace(all);
  const headers = createHeaders();
  // Line breaks would end the header; callers' texts (User-Agent) must not be able to add one.
  for (const [name, value] of Object.entries(all))
    if (typeof value === 'string') headers.set(name, value.replaceAll(/[\r\n]+/g, ' '));
  return headers;
}

function readReply(operation: AnyOperation, reply: Msg): unknown {
  const failed = reply.headers?.has('Nats-Service-Error-Code') ?? false;
  let body: unknown;
  try {
    body = reply.json();
  } catch {
    throw new TollgateError('INTERNAL', `The answer of ${operation.name} is not JSON.`);
  }
  if (failed && body instanceof Object) throw fromProblem(body as Problem);
  if (failed) throw new TollgateError('INTERNAL', `The refusal of ${operation.name} is not a problem document.`);
  return body;
}

export type { Msg, Payload, Subscription };
