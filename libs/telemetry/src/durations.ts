import { ValueType, type Attributes, type HrTime } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import {
  AggregationTemporality,
  DataPointType,
  type CollectionResult,
  type HistogramMetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { emptyResource } from '@opentelemetry/resources';

/** Upper bounds of the buckets, in seconds: between 0.25 ms and 10 s. */
const boundsSeconds = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The durations of one histogram with the same labels. */
export class DurationSeries {
  readonly labels: Attributes;
  readonly begun: HrTime = millisToHrTime(Date.now());
  readonly #counts = new Array<number>(boundsSeconds.length + 1).fill(0);
  #count = 0;
  #sumSeconds = 0;

  constructor(labels: Attributes) {
    this.labels = labels;
  }

  record(ms: number): void {
    const seconds = ms / 1000;
    let bucket = 0;
    while (bucket < boundsSeconds.length && seconds > (boundsSeconds[bucket] as number)) bucket++;
    (this.#counts[bucket] as number) += 1;
    this.#count += 1;
    this.#sumSeconds += seconds;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** What was recorded so far, as the SDK has it. */
  value() {
    const buckets = { boundaries: boundsSeconds, counts: [...this.#counts] };
    return { buckets, count: this.#count, sum: this.#sumSeconds };
  }
}

/**
 * A histogram of durations that is counted in plain numbers and read when `/metrics` is asked. An instrument of the SDK
 * sorts and hashes the labels of every record, which takes about as long as a verification.
 */
export class DurationHistogram {
  readonly #descriptor: HistogramMetricData['descriptor'];
  readonly #series = new Map<string, DurationSeries>();

  constructor(name: string, description: string) {
    this.#descriptor = { name, description, unit: 's', valueType: ValueType.DOUBLE };
  }

  /** The series with these labels, the same one each time. Labels always come in the same order. */
  series(labels: Attributes): DurationSeries {
    const key = JSON.stringify(labels);
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = new DurationSeries(labels)));
    return series;
  }

  read(): HistogramMetricData {
    const endTime = millisToHrTime(Date.now());
    return {
      descriptor: this.#descriptor,
      dataPointType: DataPointType.HISTOGRAM,
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPoints: [...this.#series.values()]
        .filter(({ isEmpty }) => !isEmpty)
        .map((series) => ({
          startTime: series.begun,
          endTime,
          attributes: series.labels,
          value: series.value(),
        })),
    };
  }
}

const histograms: DurationHistogram[] = [];

/** Creates a histogram that `/metrics` shows. The name starts with `tollgate_` and ends in `_seconds`. */
export function createDurationHistogram(name: string, description: string): DurationHistogram {
  const histogram = new DurationHistogram(name, description);
  histograms.push(histogram);
  return histogram;
}

/** Hands the histograms to a reader of the SDK, beside its own instruments. */
export const durations: MetricProducer = {
  async collect(): Promise<CollectionResult> {
    const metrics = histograms.map((histogram) => histogram.read()).filter(({ dataPoints }) => dataPoints.length > 0);
    return {
      resourceMetrics: {
        resource: emptyResource(),
        scopeMetrics: [{ scope: { name: 'tollgate' }, metrics }],
      },
      errors: [],
    };
  },
};
