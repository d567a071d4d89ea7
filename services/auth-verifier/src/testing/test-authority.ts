import { connectBus, NatsServiceStrategy, type Bus } from '@tollgate/bus';
import {
  eventHeaders,
  leasesRenew,
  leasesReturn,
  logRead,
  replicaSnapshot,
  securityReportAttempts,
  subjects,
  TollgateError,
  tokensDescribe,
  usageReport,
  type EventData,
  type EventType,
  type InputOf,
  type NewEvent,
  type RecordedEvent,
} from '@tollgate/contracts';
import { InMemoryEventLog, readPage } from '@tollgate/event-log';
import type { TestNats } from '@tollgate/stack';
import type { Acknowledgement } from '@tollgate/verifier';
import { headers as createHeaders } from '@nats-io/transport-node';

export const leaseMs = 2000;

const meta = {
  actor: { type: 'system', id: 'test' },
  correlationId: 'test',
  causationId: 'test',
  requestId: null,
  contextCommitment: null,
  traceparent: null,
} as const;

/** What token-command is to a verifier, over the real bus: the log in memory, its relay, leases and the barrier. */
export class TestAuthority {
  readonly bus: Bus;
  readonly leases = new Map<string, { returned: boolean }>();
  readonly acknowledged: Acknowledgement[] = [];
  /** What verifiers reported, repetitions left out. */
  readonly usage: InputOf<typeof usageReport>[] = [];
  readonly attempts: InputOf<typeof securityReportAttempts>['attempts'] = [];
  /** Leases are granted only while this is true. */
  granting = true;
  /** Reads of the log are answered only while this is true. */
  readable = true;
  /** Events reach the bus only while this is true. */
  relaying = true;
  log = new InMemoryEventLog();
  /** Milliseconds that the authority is ahead of the wall clock. */
  #offsetMs = 0;
  readonly #versions = new Map<string, number>();

  private constructor(bus: Bus) {
    this.bus = bus;
  }

  static async start(nats: TestNats): Promise<TestAuthority> {
    const credsFile = await nats.credsFor('token-command');
    const authority = new TestAuthority(await connectBus({ service: 'token-command', url: nats.url, credsFile }));
    await authority.#serve();
    return authority;
  }

  /** Appends one event wherever its stream ends, and publishes it. Returns its position. */
  async append<T extends EventType>(
    stream: string,
    type: T,
    data: EventData<T>,
    orgId: string | null,
  ): Promise<number> {
    const result = await this.log.append({
      stream,
      expectedVersion: this.#versions.get(stream) ?? 0,
      orgId,
      events: [{ type, data } as NewEvent],
      meta,
      at: new Date(this.nowMs()).toISOString(),
    });
    if (result.replayed) throw new Error('no idempotency key was given');
    this.#versions.set(stream, result.version);
    if (this.relaying) await this.publish(result.events[0] as RecordedEvent);
    return result.positions[0] as number;
  }

  async publish(event: RecordedEvent): Promise<void> {
    const headers = createHeaders();
    headers.set(eventHeaders.position, String(event.position));
    headers.set(eventHeaders.previous, String(event.position - 1));
    headers.set(eventHeaders.logId, await this.log.logId());
    this.bus.nc.publish(subjects.feed, JSON.stringify(event), { headers });
  }

  nowMs(): number {
    return Date.now() + this.#offsetMs;
  }

  async moveClock(now: string): Promise<number> {
    this.#offsetMs = Date.parse(now) - Date.now();
    return this.append('clock-development', 'ClockMoved', { now, offsetMs: this.#offsetMs }, null);
  }

  /** Starts with an empty log of another id, as after a restore. */
  replaceLog(): void {
    this.log = new InMemoryEventLog();
    this.#versions.clear();
  }

  /** Waits at a position as a narrowing change does: resolves once some incarnation has acknowledged it. */
  async barrier(position: number): Promise<Acknowledgement> {
    const logId = await this.log.logId();
    for (;;) {
      const found = this.acknowledged.find((ack) => ack.logId === logId && ack.applied >= position);
      if (found) return found;
      this.bus.publish(subjects.barrierWake, { logId, position });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(): Promise<void> {
    await this.bus.close();
  }

  async #serve(): Promise<void> {
    const nobody = () => Promise.reject(new Error('internal operations carry no JWT'));
    const operations = [
      logRead,
      replicaSnapshot,
      leasesRenew,
      leasesReturn,
      tokensDescribe,
      usageReport,
      securityReportAttempts,
    ];
    const strategy = new NatsServiceStrategy({
      bus: this.bus,
      operations,
      verifier: { verify: nobody },
      resolver: { resolve: nobody },
    });
    strategy.serveDirectly(logRead, async (input) => {
      if (!this.readable) throw new TollgateError('SERVICE_UNAVAILABLE', 'The log is away. Try again shortly.');
      return { ...(await readPage(this.log, input)), authorityTimeMs: this.nowMs() };
    });
    // Verifiers of these tests begin with the first event.
    strategy.serveDirectly(replicaSnapshot, async () => {
      if (!this.readable) throw new TollgateError('SERVICE_UNAVAILABLE', 'The log is away. Try again shortly.');
      return { logId: await this.log.logId(), position: 0, rows: '', next: null };
    });
    strategy.serveDirectly(leasesRenew, async ({ incarnation, applied }) => {
      if (!this.granting) throw new TollgateError('SERVICE_UNAVAILABLE', 'The leases are away. Try again shortly.');
      this.leases.set(incarnation, { returned: false });
      const [last] = applied ? await this.log.read(applied.position - 1, 1) : [];
      return {
        logId: await this.log.logId(),
        sameHistory: last?.id === applied?.eventId,
        leaseMs,
        head: await this.log.head(),
        authorityTimeMs: this.nowMs(),
      };
    });
    strategy.serveDirectly(leasesReturn, ({ incarnation }) => {
      const lease = this.leases.get(incarnation);
      if (lease) lease.returned = true;
      return { returned: lease !== undefined };
    });
    strategy.serveDirectly(tokensDescribe, async ({ org, tok }) => {
      const events = await this.log.readStream(`token-${tok}`);
      const { name, accountId, scope, product, environment } = events[0]?.data as EventData<'TokenCreated'>;
      const account = { id: accountId, kind: 'service' as const, name: 'n8n' };
      return { name, organization: { id: org, name: 'Acme' }, account, scope, product, environment };
    });
    strategy.serveDirectly(usageReport, (batch) => {
      this.usage.push(batch);
      return { applied: true };
    });
    strategy.serveDirectly(securityReportAttempts, ({ attempts }) => {
      this.attempts.push(...attempts);
      return { recorded: attempts.length };
    });
    this.bus.subscribe(subjects.barrierAck, (message) => this.acknowledged.push(message.json()));
    await new Promise<void>((resolve, reject) => strategy.listen((error) => (error ? reject(error) : resolve())));
  }
}
