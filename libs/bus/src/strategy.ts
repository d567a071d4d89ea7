import { randomUUID } from 'node:crypto';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import {
  subjectOf,
  toProblem,
  TollgateError,
  type AnyOperation,
  type InputOf,
  type OutputOf,
} from '@tollgate/contracts';
import { authorize, bearerOf, needsNoJwt, type JwtVerifier, type PrincipalResolver } from '@tollgate/identity';
import {
  createDurationHistogram,
  createLogger,
  currentTraceparent,
  withExtractedTrace,
  withRequest,
  type DurationSeries,
} from '@tollgate/telemetry';
import {
  createInbox,
  headers as createHeaders,
  type Msg,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Bus } from './bus.ts';
import type { CallContext } from './call-context.ts';
import { header, headerValues, parseIdempotencyKey, parseIfMatch, type HeaderValues } from './call-headers.ts';
import { inputErrors, parseBody, parseInput } from './input.ts';
import { asTollgateError } from './outage.ts';
import { serveDiscovery, type EndpointState } from './services-api.ts';

export interface StrategyOptions {
  readonly bus: Bus;
  /** What is served: each needs a handler, of Nest (`operationsController`) or a direct one. */
  readonly operations: readonly AnyOperation[];
  readonly verifier: JwtVerifier;
  readonly resolver: PrincipalResolver;
  /** Compares the answers of Nest handlers with their schema and logs what differs. */
  readonly checkAnswers?: boolean;
}

/** Answers below Nest's pipeline, for a hot path. */
export type DirectHandler<Op extends AnyOperation> = (
  input: InputOf<Op>,
  call: CallContext,
) => OutputOf<Op> | Promise<OutputOf<Op>>;

/**
 * Answers from the bytes of a request, at once: the JSON text of the answer, in ASCII. null when there is anything unusual about the
 * request, or anything to wait for: then nothing has happened yet, and the request goes the ordinary way.
 */
export type AtOnceAnswer = (body: Uint8Array) => string | null;

type Handler = (input: unknown, call: CallContext) => unknown;

interface Endpoint extends EndpointState {
  readonly operation: AnyOperation;
  readonly handle: Handler;
  readonly answerAtOnce: AtOnceAnswer | null;
  /** Of the requests that were not refused. */
  readonly answered: DurationSeries;
}

const logger = createLogger('bus');
const queueGroup = 'q';
const version = '0.1.0';

const duration = createDurationHistogram(
  'tollgate_operation_duration_seconds',
  'Time from the arrival of a request on the bus to its answer',
);

/**
 * Serves operations on NATS as a service of the NATS Services API (ADR-32), with plain JSON and no framework envelope.
 * Every request passes the same gate: JWT, JSON, schema, role; then the Nest handler. A refusal is the problem document
 * with the headers `Nats-Service-Error-Code` (its HTTP status) and `Nats-Service-Error` (`CODE: detail`).
 */
export class NatsServiceStrategy extends Server implements CustomTransportStrategy {
  readonly #options: StrategyOptions;
  readonly #direct = new Map<string, Handler>();
  readonly #atOnce = new Map<string, AtOnceAnswer>();
  readonly #endpoints: Endpoint[] = [];
  #subscriptions: Subscription[] = [];
  #inFlight = 0;
  #idle: (() => void) | undefined;

  constructor(options: StrategyOptions) {
    super();
    this.#options = options;
  }

  /** Call before the application listens. Leave the operation out of the controller: `operationsController(…, { direct: [operation] })`. */
  serveDirectly<Op extends AnyOperation>(operation: Op, handler: DirectHandler<Op>): void {
    this.#direct.set(operation.name, handler as Handler);
  }

  /**
   * The hot path of an operation that needs no JWT. Requests without headers have no caller to authenticate and no trace to
   * go on with; what the ordinary way does beside that takes longer than a verification. Call before the application listens.
   */
  serveAtOnce(operation: AnyOperation, answer: AtOnceAnswer): void {
    if (!needsNoJwt(operation)) throw new Error(`${operation.name} needs a JWT, so it cannot be answered at once.`);
    this.#atOnce.set(operation.name, answer);
  }

  /** Called by Nest once all handlers are registered. */
  listen(callback: (error?: unknown) => void): void {
    try {
      const { bus, operations } = this.#options;
      for (const operation of operations)
        this.#endpoints.push(
          endpointOf(operation, this.#handlerOf(operation), this.#atOnce.get(operation.name) ?? null),
        );
      this.#subscriptions = this.#endpoints.map((endpoint) =>
        bus.subscribe(endpoint.subject, (message) => this.#receive(endpoint, message), { queue: queueGroup }),
      );
      this.#subscriptions.push(...serveDiscovery(bus.nc, identityOf(bus), this.#endpoints));
      // Callers may start as soon as this service says that it is ready: then the server must know the subscriptions.
      bus.nc.flush().then(() => callback(), callback);
    } catch (error) {
      callback(error);
    }
  }

  /** Takes no more requests, and waits up to 3 s for those in flight. */
  async close(): Promise<void> {
    const subscriptions = this.#subscriptions.splice(0);
    if (this.#options.bus.connected)
      await Promise.all(subscriptions.map((subscription) => subscription.drain().catch(() => undefined)));
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
      setTimeout(resolve, 3000).unref();
    });
  }

  /** The transport has no events of its own. */
  on(event: string): never {
    throw new Error(`The NATS transport has no event "${event}".`);
  }

  unwrap<T = NatsConnection>(): T {
    return this.#options.bus.nc as T;
  }

  #handlerOf(operation: AnyOperation): Handler {
    const direct = this.#direct.get(operation.name);
    if (direct) return direct;
    const handler: MessageHandler | null = this.getHandlerByPattern(operation.name);
    if (!handler)
      throw new Error(`${operation.name} has no handler: register operationsController, or serve it directly.`);
    return async (input, call) => {
      // Nest does not throw what a handler throws: it resolves to an Observable that errors.
      const result: unknown = await handler(input, call);
      const answer: unknown = isObservable(result) ? await lastValueFrom(result, { defaultValue: undefined }) : result;
      if (this.#options.checkAnswers) warnOfDifferences(operation, answer);
      return answer;
    };
  }

  #receive(endpoint: Endpoint, message: Msg): void {
    if (endpoint.answerAtOnce === null || message.headers !== undefined || !this.#answerAtOnce(endpoint, message))
      void this.#serve(endpoint, message);
  }

  #answerAtOnce(endpoint: Endpoint, message: Msg): boolean {
    const startedMs = performance.now();
    const answer = (endpoint.answerAtOnce as AtOnceAnswer)(message.data);
    if (answer === null) return false;
    try {
      // As bytes: the client would have its own encoder write a text, which takes longer than the rest of the answer.
      message.respond(Buffer.from(answer, 'latin1'));
    } catch (error) {
      logUnsent(endpoint, error);
    }
    count(endpoint, performance.now() - startedMs, endpoint.answered);
    return true;
  }

  async #serve(endpoint: Endpoint, message: Msg): Promise<void> {
    this.#inFlight += 1;
    const startedMs = performance.now();
    const headers = headerValues(message.headers);
    const requestId = requestIdOf(headers);
    let code = 'OK';
    const run = async (): Promise<void> => {
      try {
        respond(message, await this.#answer(endpoint, message, headers, requestId), this.#options.bus.nc);
      } catch (error) {
        // Here, because its log lines belong to the request and its trace.
        const refusal = asTollgateError(error);
        code = refusal.code;
        refuse(endpoint, message, refusal, requestId);
        throw refusal;
      }
    };
    const attributes = { 'rpc.system': 'nats', 'rpc.method': endpoint.operation.name };
    await withExtractedTrace(headers, `serve ${endpoint.operation.name}`, () => withRequest(requestId, run), {
      attributes,
    }).catch(() => undefined);
    const series = code === 'OK' ? endpoint.answered : duration.series({ operation: endpoint.operation.name, code });
    count(endpoint, performance.now() - startedMs, series);
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#idle?.();
  }

  async #answer(endpoint: Endpoint, message: Msg, headers: HeaderValues, requestId: string): Promise<string> {
    const { operation } = endpoint;
    const { verifier, resolver } = this.#options;
    // Who is not known learns nothing about the shape of inputs.
    const claims = needsNoJwt(operation) ? null : await verifier.verify(bearerOf(header(headers, 'authorization')));
    const input = parseInput(operation, parseBody(message.data)) as Record<string, unknown>;
    const call: CallContext = {
      principal: claims && (await authorize(operation, input, claims, resolver)),
      requestId,
      ip: header(headers, 'clientIp'),
      userAgent: header(headers, 'userAgent'),
      idempotencyKey: parseIdempotencyKey(header(headers, 'idempotencyKey')),
      ifMatch: parseIfMatch(header(headers, 'ifMatch')),
      traceparent: currentTraceparent(),
    };
    return JSON.stringify((await endpoint.handle(input, call)) ?? null);
  }
}

function count(endpoint: Endpoint, elapsedMs: number, series: DurationSeries): void {
  endpoint.requests += 1;
  endpoint.processingNs += elapsedMs * 1e6;
  series.record(elapsedMs);
}

function endpointOf(operation: AnyOperation, handle: Handler, answerAtOnce: AtOnceAnswer | null): Endpoint {
  const route: Record<string, string> = operation.http
    ? { http: `${operation.http.method} ${operation.http.path}` }
    : {};
  return {
    operation,
    handle,
    answerAtOnce,
    answered: duration.series({ operation: operation.name, code: 'OK' }),
    // Endpoint names hold no dots.
    name: operation.name.replaceAll('.', '-'),
    subject: subjectOf(operation),
    queueGroup,
    metadata: { ...route, summary: operation.summary },
    requests: 0,
    errors: 0,
    lastError: '',
    processingNs: 0,
  };
}

function identityOf(bus: Bus) {
  return {
    name: bus.service,
    id: createInbox().slice('_INBOX.'.length),
    version,
    description: `Tollgate ${bus.service}`,
    metadata: {},
    started: new Date().toISOString(),
  };
}

function requestIdOf(headers: HeaderValues): string {
  const given = header(headers, 'requestId');
  return given !== null && /^[\w.-]{1,100}$/.test(given) ? given : randomUUID();
}

/** @throws TollgateError PAYLOAD_TOO_LARGE when the answer does not fit a message */
function respond(message: Msg, answer: string, nc: NatsConnection): void {
  const bytes = Buffer.from(answer);
  const max = nc.info?.max_payload ?? Number.POSITIVE_INFINITY;
  if (bytes.length > max) {
    throw new TollgateError(
      'PAYLOAD_TOO_LARGE',
      `The answer has ${bytes.length} bytes, and a message holds ${max}. Ask for less, for example with a smaller limit.`,
    );
  }
  message.respond(bytes);
}

function refuse(endpoint: Endpoint, message: Msg, refusal: TollgateError, requestId: string): void {
  const problem = toProblem(refusal, requestId);
  endpoint.errors += 1;
  // The code alone: a detail may name things that whoever reads statistics should not learn.
  endpoint.lastError = `${problem.status} ${problem.code}`;
  if (refusal.code === 'INTERNAL')
    logger.error({ err: refusal.cause ?? refusal, operation: endpoint.operation.name }, 'an operation failed');
  else if (refusal.code === 'SERVICE_UNAVAILABLE')
    logger.warn({ err: refusal, operation: endpoint.operation.name }, 'an operation is unavailable');
  const headers = createHeaders();
  headers.set('Nats-Service-Error-Code', String(problem.status));
  headers.set('Nats-Service-Error', `${problem.code}: ${problem.detail}`.replaceAll(/[\r\n]+/g, ' '));
  try {
    message.respond(JSON.stringify(problem), { headers });
  } catch (error) {
    logUnsent(endpoint, error);
  }
}

/** The connection is closed: the caller learns it by its timeout. */
function logUnsent({ operation }: Endpoint, error: unknown): void {
  logger.warn({ err: error, operation: operation.name }, 'an answer could not be sent');
}

function warnOfDifferences(operation: AnyOperation, answer: unknown): void {
  const result = operation.output.safeParse(answer);
  if (!result.success)
    logger.error(
      { operation: operation.name, errors: inputErrors(result.error.issues) },
      'the answer differs from its schema',
    );
}
