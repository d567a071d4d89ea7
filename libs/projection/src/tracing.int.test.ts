import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { EventAppender, PostgresEventLog, type Appended } from '@tollgate/event-log';
import { InMemoryBus, meta, spaceCreated, startDatabase, until, type TestDatabase } from '@tollgate/event-log/testing';
import { recordSpans, withSpan } from '@tollgate/telemetry';
import { ProjectionRunner } from './runner.ts';
import { spacesProjection } from './testing/spaces-projection.ts';

const exporter = new InMemorySpanExporter();
let db: TestDatabase;
let appender: EventAppender;
let runner: ProjectionRunner;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  recordSpans();
  db = await startDatabase();
  appender = new EventAppender({ url: db.url('token-command') });
  const pool = db.pool('billing-meter');
  runner = new ProjectionRunner({
    pool,
    source: new PostgresEventLog(pool),
    bus: new InMemoryBus(),
    definition: spacesProjection(),
  });
  await runner.start();
});

afterAll(async () => {
  await runner.stop();
  await appender.close();
  await db.stop();
});

const spans = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);

describe('a trace', () => {
  it('goes from the request over the append and the event to the projection', async () => {
    const request = await withSpan('request', async (span) => {
      await appender.append(spaceCreated(1));
      return span.spanContext();
    });
    await runner.waitFor(1);
    await until('the span has ended', () => spans('projection.apply spaces-of-orgs').length === 1);
    const [append] = spans('event_log.append');
    const [apply] = spans('projection.apply spaces-of-orgs');
    expect(append!.parentSpanContext?.spanId).toBe(request.spanId);
    expect(apply!.parentSpanContext?.spanId).toBe(append!.spanContext().spanId);
    expect(apply!.spanContext().traceId).toBe(request.traceId);
    expect(apply!.attributes).toEqual({ 'tollgate.event.type': 'SpaceCreated', 'tollgate.event.position': 1 });
  });

  it('keeps appends of one batch apart', async () => {
    const ids = await Promise.all(
      [2, 3, 4].map((n) =>
        withSpan('request', async (span) => {
          const { events } = (await appender.append(spaceCreated(n))) as Appended;
          return [span.spanContext().traceId, events[0]!.meta.traceparent!.split('-')[1]];
        }),
      ),
    );
    for (const [ofRequest, ofEvent] of ids) expect(ofEvent).toBe(ofRequest);
    expect(new Set(ids.flat()).size).toBe(3);
  });

  it('that the caller chose stays', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { events } = (await appender.append(spaceCreated(5, { meta: { ...meta, traceparent } }))) as Appended;
    expect(events[0]!.meta.traceparent).toBe(traceparent);
    await runner.waitFor(5);
    await until('the span has ended', () =>
      spans('projection.apply spaces-of-orgs').some((span) => span.parentSpanContext?.spanId === 'b7ad6b7169203331'),
    );
  });
});
