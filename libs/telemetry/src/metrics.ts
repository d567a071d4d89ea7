import type { Meter } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { AggregationTemporality, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { durations } from './durations.ts';

/** Collects when it is asked to, and owns no server: `/metrics` of each service asks. */
class ScrapeReader extends MetricReader {
  constructor() {
    super({
      aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE,
      metricProducers: [durations],
    });
  }

  protected override async onForceFlush(): Promise<void> {}

  protected override async onShutdown(): Promise<void> {}
}

const reader = new ScrapeReader();
// Not the global provider: instruments that a module creates while it is imported must count from the start.
const provider = new MeterProvider({ readers: [reader] });
const serializer = new PrometheusSerializer('', false, undefined, true, true);

/** Creates instruments. Names start with `tollgate_`, end in their unit, and never carry ids of organizations or tokens. */
export const meter: Meter = provider.getMeter('tollgate');

/** The state of all instruments in the Prometheus text format. */
export async function metricsHandler(): Promise<string> {
  const { resourceMetrics } = await reader.collect();
  return serializer.serialize(resourceMetrics);
}
