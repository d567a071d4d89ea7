import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AtOnceAnswer } from '@tollgate/bus';
import { nameHttpRoute, type DurationSeries } from '@tollgate/telemetry';

/** A route of which most requests are answered before Fastify hears of them. Fastify has the same route for all the others. */
export interface AtOnceRoute {
  readonly method: string;
  readonly path: string;
  /** Whether this `Authorization` is known to suffice. What is not known is for Fastify to find out. */
  readonly isKnownCaller: (authorization: string) => boolean;
  /** The body of the answer with status 200, or null: then Fastify answers, as if it had been asked first. */
  readonly answer: AtOnceAnswer;
}

type Durations = Pick<DurationSeries, 'record'>;
type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Bodies beyond this are for Fastify. Those of ordinary requests come with their head in one piece. */
const bodyMax = 16_384;
const jsonTypes = new Set(['application/json', 'application/json; charset=utf-8']);

/**
 * Puts the route before the server's own listener. A request that is exactly of the route, from a known caller and with its
 * whole body there, is decided in the turn of the event loop in which it came and answered at its end, without hooks, contexts and the reading of a
 * stream. Everything else goes to the listener untouched, body included: its refusals are the only ones there are.
 */
export function answerAtOnce(
  server: Server,
  route: AtOnceRoute,
  { isStopping, answered }: { readonly isStopping: () => boolean; readonly answered: Durations },
): void {
  const [listener] = server.listeners('request') as [Listener];
  const due = new DueAnswers(answered);
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const startedMs = performance.now();
    const answer = isStopping() ? null : answerOf(route, request);
    if (answer === null) return listener(request, response);
    nameHttpRoute(route.path);
    due.add({ response, answer, startedMs });
  };
  server.removeListener('request', listener);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url !== route.path || request.method !== route.method) listener(request, response);
    // By then the parser has seen what came with the head: the whole body, as a rule.
    else process.nextTick(take, request, response);
  });
}

interface DueAnswer {
  readonly response: ServerResponse;
  readonly answer: string;
  readonly startedMs: number;
}

/**
 * Answers on their way out. Those that were made in one turn of the event loop leave at its end, one right after the other:
 * a client that the first one woke takes the others while it is awake. Most of a small answer's cost is to wake who waits for it.
 */
class DueAnswers {
  readonly #answered: Durations;
  #due: DueAnswer[] = [];

  constructor(answered: Durations) {
    this.#answered = answered;
  }

  add(answer: DueAnswer): void {
    if (this.#due.push(answer) === 1) setImmediate(() => this.#send());
  }

  #send(): void {
    const due = this.#due;
    this.#due = [];
    for (const { response, answer, startedMs } of due) {
      response.writeHead(200, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': answer.length,
      });
      response.end(answer, 'latin1');
      this.#answered.record(performance.now() - startedMs);
    }
  }
}

function answerOf(route: AtOnceRoute, request: IncomingMessage): string | null {
  const { authorization, 'content-type': type, 'content-length': length } = request.headers;
  if (authorization === undefined || type === undefined || length === undefined || !jsonTypes.has(type)) return null;
  const bytes = Number(length);
  if (bytes === 0 || bytes > bodyMax || !route.isKnownCaller(authorization)) return null;
  const body = request.read() as Buffer | null;
  if (body === null) return null;
  const answer = body.length === bytes ? route.answer(body) : null;
  if (answer === null) request.unshift(body);
  return answer;
}
