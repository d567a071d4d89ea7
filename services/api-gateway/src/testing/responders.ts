import { connectBus, type Bus } from '@tollgate/bus';
import { subjectOf, toProblem, type AnyOperation, type ServiceName } from '@tollgate/contracts';
import { headers as createHeaders } from '@nats-io/transport-node';
import type { TestNats } from '@tollgate/stack';

export interface ReceivedCall {
  readonly operation: string;
  readonly input: unknown;
  /** By name as it stood in the message. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Stands in for the services behind the gateway: answers on the real bus, and remembers what came. */
export class Responders {
  readonly calls: ReceivedCall[] = [];
  readonly #bus: Bus;

  static async start(nats: TestNats): Promise<Responders> {
    const credsFile = await nats.credsFor('responders', 'everything');
    return new Responders(await connectBus({ service: 'token-command', url: nats.url, credsFile }));
  }

  private constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** The last call that came. */
  get last(): ReceivedCall {
    return this.calls.at(-1) as ReceivedCall;
  }

  /** Answers an operation with a value, or with the problem of an error that `answer` throws. Returns a function that ends it. */
  async serve(operation: AnyOperation, answer: (input: never) => unknown): Promise<() => void> {
    const subscription = this.#bus.subscribe(subjectOf(operation), (message) => {
      const input = message.json();
      const headers = Object.fromEntries(
        [...(message.headers ?? [])].map(([name, [value]]) => [name, value as string]),
      );
      this.calls.push({ operation: operation.name, input, headers });
      try {
        message.respond(JSON.stringify(answer(input as never)));
      } catch (error) {
        const problem = toProblem(error);
        const refusal = createHeaders();
        refusal.set('Nats-Service-Error-Code', String(problem.status));
        message.respond(JSON.stringify(problem), { headers: refusal });
      }
    });
    await this.#bus.nc.flush();
    return () => subscription.unsubscribe();
  }

  /** Answers pings as that service does. Returns a function that ends it. */
  async ping(service: ServiceName): Promise<() => void> {
    const subscription = this.#bus.subscribe(`$SRV.PING.${service}`, (message) => message.respond('{}'));
    await this.#bus.nc.flush();
    return () => subscription.unsubscribe();
  }

  async stop(): Promise<void> {
    await this.#bus.close();
  }
}
