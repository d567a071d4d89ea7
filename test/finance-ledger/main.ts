/** A program: books Tollgate's billing feed into a ledger, each event once. See README.md. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, jetstream, type Consumer, type JsMsg } from '@nats-io/jetstream';
import { connect, credsAuthenticator, nanos } from '@nats-io/transport-node';
import { pull, read } from './feed.ts';
import { ContradictionError, Ledger, type Received } from './ledger.ts';

const stream = 'TOLLGATE_BILLING';
const durable = 'finance-ledger';
/** Messages that are booked together. */
const batchMax = 100;
/** A message that isn't acknowledged within this time comes again. */
const ackWaitMs = 10_000;
/** How often the log is asked for what the stream may have lost, where no later message shows the gap. */
const sweepEveryMs = 30_000;
const retryMs = 1_000;

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());

const tollgate = { url: required('TOLLGATE_HTTP_URL'), jwt: required('TOLLGATE_JWT') };
const ledger = new Ledger(required('LEDGER_DATABASE_URL'));
await ledger.open();
const nc = await connect({
  servers: required('TOLLGATE_NATS_URL'),
  authenticator: credsAuthenticator(readFileSync(required('TOLLGATE_NATS_CREDS'))),
  maxReconnectAttempts: -1,
});

let consumer: Consumer | undefined;
let sweptMs = -Infinity;
console.log('Booking. Ctrl-C ends it.');
while (!ending.signal.aborted) {
  try {
    if (performance.now() - sweptMs >= sweepEveryMs) {
      await sweep();
      sweptMs = performance.now();
    }
    consumer ??= await durableConsumer();
    await bookSome(consumer);
  } catch (error) {
    if (error instanceof ContradictionError) {
      console.error(error.message);
      process.exitCode = 1;
      break;
    }
    // Postgres, NATS or Tollgate are away for a while: what wasn't acknowledged comes again.
    console.error(`trying again: ${(error as Error).message}`);
    consumer = undefined;
    await sleep(retryMs, undefined, { signal: ending.signal }).catch(() => undefined);
  }
}
await nc.close();
await ledger.close();

/** Makes the consumer, or finds the one that an earlier run has made. It remembers what was acknowledged. */
async function durableConsumer(): Promise<Consumer> {
  const js = jetstream(nc);
  const { consumers } = await js.jetstreamManager(false);
  await consumers.add(stream, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ackWaitMs),
  });
  return js.consumers.get(stream, durable);
}

/** Books what the stream has next. A message is acknowledged once it is committed, so a crash in between repeats it. */
async function bookSome(from: Consumer): Promise<void> {
  const messages: JsMsg[] = [];
  for await (const message of await from.fetch({ max_messages: batchMax, expires: 1_000 })) messages.push(message);
  const events = messages.map((message) => read(message.string()));
  for (const [orgId, own] of Map.groupBy(events, (event) => event.orgId)) await bookWithoutGap(orgId, own);
  for (const message of messages) message.ack();
  // Acknowledgements are sent and not answered; those that are lost repeat their messages.
  await nc.flush();
}

/** Books events of an organization. What is missing before them is pulled from the log. */
async function bookWithoutGap(orgId: string, events: readonly Received[]): Promise<void> {
  const last = Math.max(...events.map(({ sequence }) => sequence));
  const booked = await ledger.book(orgId, events);
  if (booked < last) await pullAfter(orgId, booked);
}

/** Books everything that the log has of an organization after a sequence. */
async function pullAfter(orgId: string, after: number): Promise<void> {
  for (let booked = after, more = true; more;) {
    const page = await pull(tollgate, orgId, booked);
    if (page.items.length > 0) booked = await ledger.book(orgId, page.items);
    more = page.more && !ending.signal.aborted;
  }
}

/** The last messages of an organization may have been lost, with nothing after them that would show it. */
async function sweep(): Promise<void> {
  for (const [orgId, booked] of await ledger.books()) await pullAfter(orgId, booked);
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see README.md`);
  return value;
}
