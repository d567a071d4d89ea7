import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { maskSecrets } from './masking.ts';

/** Attributes that quote headers or queries of a request. Instrumentation libraries set them; they stay in the process. */
const withheld = [
  'user_agent.original',
  'http.user_agent',
  'url.query',
  'url.full',
  'http.url',
  'http.target',
  'client.address',
  'http.client_ip',
];

/** Hands spans on without headers and with secrets masked, whoever set the attributes. */
export class MaskingSpanExporter implements SpanExporter {
  readonly #next: SpanExporter;

  constructor(next: SpanExporter) {
    this.#next = next;
  }

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.#next.export(spans.map(masked), done);
  }

  async forceFlush(): Promise<void> {
    await this.#next.forceFlush?.();
  }

  async shutdown(): Promise<void> {
    await this.#next.shutdown();
  }
}

function masked(span: ReadableSpan): ReadableSpan {
  return Object.create(span, {
    name: { value: maskSecrets(span.name), enumerable: true },
    attributes: { value: maskedAttributes(span.attributes), enumerable: true },
    status: {
      value: { ...span.status, ...(span.status.message ? { message: maskSecrets(span.status.message) } : {}) },
      enumerable: true,
    },
    events: {
      value: span.events.map((event) => ({ ...event, attributes: maskedAttributes(event.attributes ?? {}) })),
      enumerable: true,
    },
  }) as ReadableSpan;
}

function maskedAttributes(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(
        ([key]) =>
          !withheld.includes(key) &&
          !key.startsWith('http.request.header.') &&
          !key.startsWith('http.response.header.'),
      )
      .map(([key, value]) => [key, typeof value === 'string' ? maskSecrets(value) : value]),
  );
}
