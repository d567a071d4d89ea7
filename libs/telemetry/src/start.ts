import { createRequire, syncBuiltinESMExports } from 'node:module';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { getRPCMetadata, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { MaskingSpanExporter } from './masking-exporter.ts';
import { setServiceName } from './service-name.ts';
import { recordSpans } from './tracing.ts';

let provider: TracerProvider | undefined;

/**
 * Sets up logs, traces and metrics for this process; a second call changes nothing. Call it before servers are started.
 * Spans are exported over OTLP/HTTP (JSON) if and only if `OTEL_EXPORTER_OTLP_ENDPOINT` is set; without it trace ids still
 * exist and travel, so that log lines and events of one request can be found together.
 */
export function startTelemetry(serviceName: string): void {
  if (provider) return;
  setServiceName(serviceName);
  const exporting = Boolean(process.env['OTEL_EXPORTER_OTLP_ENDPOINT']);
  provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    sampler: exporting ? new ParentBasedSampler({ root: new AlwaysOnSampler() }) : new AlwaysOffSampler(),
    spanProcessors: exporting
      ? [
          new BatchSpanProcessor({
            exporter: new MaskingSpanExporter(new OTLPTraceExporter()),
            scheduledDelayMillis: 400,
            maxQueueSize: 8192,
          }),
        ]
      : [],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  if (!exporting) return;
  recordSpans();
  instrument();
}

/** Sends what is left of the spans. Waits at most a second: an unreachable collector must not hold up a shutdown. */
export async function stopTelemetry(): Promise<void> {
  const timeout = new Promise<void>((resolve) => setTimeout(resolve, 1000).unref());
  await Promise.race([provider?.shutdown().catch(() => undefined), timeout]);
}

/** Names the route of the HTTP request being served (`/v1/orgs/:org`) for its span, in place of the path with its ids. */
export function nameHttpRoute(route: string): void {
  const metadata = getRPCMetadata(context.active());
  if (metadata) metadata.route = route;
}

function instrument(): void {
  const probes = new Set(['/healthz', '/readyz', '/metrics']);
  registerInstrumentations({
    instrumentations: [
      new HttpInstrumentation({ ignoreIncomingRequestHook: (request) => probes.has(request.url ?? '') }),
      new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
    ],
  });
  // The libraries patch a module when it is required the next time, in place: so it also works for those loaded before.
  const require = createRequire(import.meta.url);
  for (const module of ['node:http', 'node:https', 'pg', 'pg-pool']) require(module);
  syncBuiltinESMExports();
}
