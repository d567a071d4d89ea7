import {
  context,
  isSpanContextValid,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type TextMapGetter,
  type TextMapSetter,
} from '@opentelemetry/api';

export { SpanKind } from '@opentelemetry/api';
export type { Attributes, Span } from '@opentelemetry/api';

/** Header names are read without regard to case by HTTP servers, and with regard to it by NATS: both spell `traceparent` so. */
export type TraceCarrier = Record<string, unknown>;

export const tracer = trace.getTracer('tollgate');

let recording = false;

/** For `startTelemetry`: somebody is there to whom spans are sent. */
export function recordSpans(): void {
  recording = true;
}

/** False while spans go nowhere: then traces have their ids and nothing else, and whoever makes spans in a loop may leave it. */
export function recordsSpans(): boolean {
  return recording;
}

const setter: TextMapSetter<TraceCarrier> = {
  set: (carrier, key, value) => {
    carrier[key] = value;
  },
};
const getter: TextMapGetter<TraceCarrier> = {
  keys: (carrier) => Object.keys(carrier),
  get: (carrier, key) => {
    const value = carrier[key];
    return typeof value === 'string' ? value : undefined;
  },
};

/** Writes `traceparent` (and `tracestate`) of the active span into the carrier; nothing when there is none. */
export function injectTrace(carrier: TraceCarrier): void {
  propagation.inject(context.active(), carrier, setter);
}

/** The W3C `traceparent` of the active span, or null. */
export function currentTraceparent(): string | null {
  const span = trace.getActiveSpan()?.spanContext();
  if (!span || !isSpanContextValid(span)) return null;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** Never a header, a body or a secret: names of operations, counts, positions. */
  readonly attributes?: Attributes;
}

/** Runs `run` in a span whose parent is the trace in `carrier` (or a new trace). The span ends when `run` has settled. */
export function withExtractedTrace<T>(
  carrier: TraceCarrier,
  name: string,
  run: (span: Span) => T,
  options: SpanOptions = {},
): T {
  return runInSpan(propagation.extract(context.active(), carrier, getter), name, run, {
    kind: SpanKind.SERVER,
    ...options,
  });
}

/** Runs `run` in a span below the active one. */
export function withSpan<T>(name: string, run: (span: Span) => T, options: SpanOptions = {}): T {
  return runInSpan(context.active(), name, run, options);
}

/** Runs `run` in the trace that an HTTP request brought, without a span of its own, unless a span is active already. */
export function adoptTrace(carrier: TraceCarrier, run: () => void): void {
  if (trace.getActiveSpan()) return run();
  const extracted = propagation.extract(context.active(), carrier, getter);
  if (trace.getSpan(extracted)) return context.with(extracted, run);
  const root = tracer.startSpan('request', {}, extracted);
  context.with(trace.setSpan(extracted, root), run);
  root.end();
}

function runInSpan<T>(parent: Context, name: string, run: (span: Span) => T, options: SpanOptions): T {
  const above = recording ? undefined : trace.getSpan(parent);
  // A span that nobody sees differs from the one above in nothing but its id.
  if (above) return parent === context.active() ? run(above) : context.with(parent, run, undefined, above);
  const span = tracer.startSpan(
    name,
    { kind: options.kind ?? SpanKind.INTERNAL, attributes: options.attributes },
    parent,
  );
  let result: T;
  try {
    result = context.with(trace.setSpan(parent, span), run, undefined, span);
  } catch (error) {
    endFailed(span, error);
    throw error;
  }
  if (!(result instanceof Object) || typeof (result as { then?: unknown }).then !== 'function') {
    span.end();
    return result;
  }
  return (result as T & Promise<unknown>).then(
    (value) => {
      span.end();
      return value;
    },
    (error: unknown) => {
      endFailed(span, error);
      throw error;
    },
  ) as T;
}

/** A span names the kind of an error only: messages may quote what a caller sent. */
function endFailed(span: Span, error: unknown): void {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  span.setAttribute('error.type', String(code ?? name ?? 'Error'));
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
