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
  createLogger,
  currentTraceparent,
  durationBoundsSeconds,
  meter,
  withExtractedTrace,
  withRequest,
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

/** Answers below Nest's pipeline, for a hot path. It may answer without a promise. */
export type DirectHandler<Op extends AnyOperation> = (
  input: InputOf<Op>,
  call: CallContext,
) => OutputOf<Op> | Promise<OutputOf<Op>>;

type Handler = (input: unknown, call: CallContext) => unknown;

interface Endpoint extends EndpointState {
  readonly operation: AnyOperation;
  readonly handle: Handler;
  /** A direct handler of an operation that needs no JWT: a request without headers is answered at once. */
  readonly atOnce: boolean;
}

const logger = createLogger('bus');
/** Of a request without headers. */
const anonymousCall: Omit<CallContext, 'requestId'> = {
  principal: null,
  ip: null,
  userAgent: null,
  idempotencyKey: null,
  ifMatch: null,
  traceparent: null,
};
const queueGroup = 'q';
const version = '0.1.0';

const duration = meter.createHistogram('tollgate_operation_duration_seconds', {
  description: 'Time from the arrival of a request on the bus to its answer',
  unit: 's',
  advice: { explicitBucketBoundaries: durationBoundsSeconds },
});

/**
 * Serves operations on NATS as a service of the NATS Services API (ADR-32), with plain JSON and no framework envelope.
 * Every request passes the same gate: JWT, JSON, schema, role; then the Nest handler. A refusal is the problem document
 * with the headers `Nats-Service-Error-Code` (its HTTP status) and `Nats-Service-Error` (`CODE: detail`).
 */
export class NatsServiceStrategy extends Server implements CustomTransportStrategy {
  readonly #options: StrategyOptions;
  readonly #direct = new Map<string, Handler>();
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

  /** Called by Nest once all handlers are registered. */
  listen(callback: (error?: unknown) => void): void {
    try {
      const { bus, operations } = this.#options;
      for (const operation of operations)
        this.#endpoints.push(
          endpointOf(operation, this.#handlerOf(operation), this.#direct.has(operation.name) && needsNoJwt(operation)),
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
    if (endpoint.atOnce && message.headers === undefined) this.#serveAtOnce(endpoint, message);
    else void this.#serve(endpoint, message);
  }

  /**
   * The hot path: no caller to authenticate, no trace to go on with, and nothing to wait for. What `#serve` does beside
   * that takes longer than a verification.
   */
  #serveAtOnce(endpoint: Endpoint, message: Msg): void {
    const startedMs = performance.now();
    const call = { ...anonymousCall, requestId: randomUUID() };
    let code = 'OK';
    const answer = (output: unknown) => respond(message, JSON.stringify(output ?? null), this.#options.bus.nc);
    const fail = (error: unknown) => {
      const refusal = asTollgateError(error);
      code = refusal.code;
      refuse(endpoint, message, refusal, call.requestId);
    };
    const done = () => this.#record(endpoint, startedMs, code);
    this.#inFlight += 1;
    try {
      const output = endpoint.handle(parseInput(endpoint.operation, parseBody(message.data)), call);
      if (output instanceof Promise) return void output.then(answer).catch(fail).finally(done);
      answer(output);
    } catch (error) {
      fail(error);
    }
    done();
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
    this.#record(endpoint, startedMs, code);
  }

  #record(endpoint: Endpoint, startedMs: number, code: string): void {
    const elapsedMs = performance.now() - startedMs;
    endpoint.requests += 1;
    endpoint.processingNs += elapsedMs * 1e6;
    duration.record(elapsedMs / 1000, { operation: endpoint.operation.name, code });
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

function endpointOf(operation: AnyOperation, handle: Handler, atOnce: boolean): Endpoint {
  const route: Record<string, string> = operation.http
    ? { http: `${operation.http.method} ${operation.http.path}` }
    : {};
  return {
    operation,
    handle,
    atOnce,
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
    // The connection is closed: the caller learns it by its timeout.
    logger.warn({ err: error, operation: endpoint.operation.name }, 'a refusal could not be sent');
  }
}

function warnOfDifferences(operation: AnyOperation, answer: unknown): void {
  const result = operation.output.safeParse(answer);
  if (!result.success)
    logger.error(
      { operation: operation.name, errors: inputErrors(result.error.issues) },
      'the answer differs from its schema',
    );
}
