import { readFile } from 'node:fs/promises';
import {
  fromProblem,
  redialing,
  subjectOf,
  TollgateError,
  type AnyOperation,
  type OutputOf,
  type Problem,
  type RequestOf,
} from '@tollgate/contracts';
import { connect, credsAuthenticator, PermissionViolationError, type NatsConnection } from '@nats-io/transport-node';

export interface NatsOptions {
  readonly url: string;
  /** The path of a `.creds` file (`tollgate nats creds`), or its contents. Absent when the server lets everybody in. */
  readonly creds?: string;
}

/** Calls operations over NATS, as any outside client may. The connection comes back by itself. */
export class NatsCaller {
  readonly nc: NatsConnection;
  #connected = true;

  /** Throws SERVICE_UNAVAILABLE when the server cannot be reached or refuses the credentials. */
  static async connect({ url, creds }: NatsOptions): Promise<NatsCaller> {
    const text = creds === undefined ? undefined : creds.includes('-----BEGIN') ? creds : await readFile(creds, 'utf8');
    const nc = await connect({
      servers: url,
      name: 'tollgate-sdk',
      ...(text === undefined ? {} : { authenticator: credsAuthenticator(new TextEncoder().encode(text)) }),
      maxReconnectAttempts: -1,
      ...redialing(),
      // A server that is cut off without a word is noticed within about 3 s.
      pingInterval: 1000,
      maxPingOut: 2,
    }).catch((cause: unknown) => {
      throw unavailable('NATS cannot be reached, or refuses these credentials.', cause);
    });
    return new NatsCaller(nc);
  }

  private constructor(nc: NatsConnection) {
    this.nc = nc;
    void this.#follow();
  }

  get connected(): boolean {
    return this.#connected && !this.nc.isClosed();
  }

  /**
   * Throws the refusal of the operation as a TollgateError, FORBIDDEN when the NATS user may not call it, and
   * SERVICE_UNAVAILABLE when no answer can be had.
   */
  async call<Op extends AnyOperation>(
    operation: Op,
    input: RequestOf<Op>,
    { timeoutMs = 5000 }: { readonly timeoutMs?: number } = {},
  ): Promise<OutputOf<Op>> {
    if (!this.connected) throw unavailable('The connection to NATS is down.');
    const subject = subjectOf(operation);
    const reply = await this.nc
      .request(subject, JSON.stringify(input), { timeout: timeoutMs })
      .catch((cause: unknown) => {
        if (!(cause instanceof PermissionViolationError)) throw unavailable(`${subject} does not answer.`, cause);
        throw new TollgateError('FORBIDDEN', `This NATS user may not call ${subject}. See tollgate nats creds --help.`);
      });
    const body = reply.json<unknown>();
    if (reply.headers?.has('Nats-Service-Error-Code')) throw fromProblem(body as Problem);
    return body as OutputOf<Op>;
  }

  async close(): Promise<void> {
    if (this.nc.isClosed()) return;
    if (this.#connected) await this.nc.drain();
    else await this.nc.close();
  }

  async #follow(): Promise<void> {
    for await (const { type } of this.nc.status()) {
      if (type === 'disconnect' || type === 'staleConnection') this.#connected = false;
      if (type === 'reconnect') this.#connected = true;
    }
  }
}

function unavailable(what: string, cause?: unknown): TollgateError {
  return new TollgateError('SERVICE_UNAVAILABLE', `${what} Try again shortly.`, undefined, { cause });
}
