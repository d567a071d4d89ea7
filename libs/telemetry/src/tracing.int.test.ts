import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPostgres, type TestPostgres } from '@tollgate/stack';
import { fork, type ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

/** JSON as it came; the assertions say what it must be. */
type Json = any;

const canary = `sk_live_${'c0ffee00'.repeat(8)}_a1B2c3`;
const traceId = '0af7651916cd43dd8448eb211c80319c';

let postgres: TestPostgres;
let collector: Server;
let bodies = '';
const spans: Json[] = [];
let logs = '';
let answer: { traceparent: string };

/** One request through a process that exports its spans to a collector of ours. */
beforeAll(async () => {
  postgres = await startPostgres();
  collector = createServer((request, response) => {
    let body = '';
    request
      .on('data', (data) => (body += data))
      .on('end', () => {
        bodies += body;
        spans.push(
          ...JSON.parse(body).resourceSpans.flatMap((each: Json) =>
            each.scopeSpans.flatMap((scope: Json) => scope.spans),
          ),
        );
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const child: ChildProcess = fork(fileURLToPath(new URL('./testing/traced-process.ts', import.meta.url)), {
    env: {
      PATH: process.env['PATH'],
      TEST_DATABASE_URL: postgres.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    },
    execArgv: ['--conditions=@tollgate/source'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  child.stdout?.on('data', (data) => (logs += data));
  const { port } = await new Promise<{ port: number }>((resolve) =>
    child.once('message', (message) => resolve(message as { port: number })),
  );
  const response = await fetch(`http://127.0.0.1:${port}/things/7?token=${canary}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${canary}`,
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      'user-agent': 'canary-agent',
    },
  });
  answer = (await response.json()) as { traceparent: string };
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const exported = spans.length;
  child.send('stop');
  await new Promise((resolve) => child.once('exit', resolve));
  // The batch delay alone brings them out, in well under a second.
  expect(exported).toBeGreaterThan(0);
});

afterAll(async () => {
  collector?.closeAllConnections();
  collector?.close();
  await postgres?.stop();
});

const span = (name: string): Json => spans.find((each) => each.name === name);

describe('spans of a request', () => {
  it('belong to the trace that the request brought, one below the other', () => {
    expect(new Set(spans.map((each) => each.traceId))).toEqual(new Set([traceId]));
    const server = span('POST /things/:id');
    expect(server.parentSpanId).toBe('b7ad6b7169203331');
    expect(spans.filter((each) => each.parentSpanId === server.spanId).length).toBeGreaterThanOrEqual(3);
    expect(span('inner').parentSpanId).toBe(server.spanId);
    expect(spans.some((each) => /pg|query|SELECT/i.test(each.name) && each.parentSpanId === server.spanId)).toBe(true);
    expect(answer.traceparent).toBe(`00-${traceId}-${server.spanId}-01`);
  });

  it('say what kind of error there was, and no more', () => {
    expect(span('inner').status).toEqual({ code: 2 });
    expect(span('inner').attributes).toContainEqual({ key: 'error.type', value: { stringValue: 'Error' } });
  });

  it('hold no secret, no header and no body', () => {
    expect(bodies).not.toContain('c0ffee00');
    expect(bodies).not.toContain('canary-agent');
    expect(bodies).toContain('[masked]');
  });
});

it('log lines name the trace, and hold no secret', () => {
  const line = JSON.parse(logs.trim());
  expect(line).toMatchObject({ service: 'traced', traceId, err: { message: expect.stringContaining('[masked]') } });
  expect(logs).not.toContain('c0ffee00');
});
