import { createInbox, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';

/**
 * Requests over NATS at the least cost: one subscription for all replies and no timers. `nc.request` itself takes longer than
 * what is to be measured.
 */
export class Requester {
  readonly #nc: NatsConnection;
  readonly #inbox = createInbox();
  readonly #waiting = new Map<string, (reply: Uint8Array) => void>();
  #sent = 0;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
    nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, { subject, data }) => {
        if (error) throw error;
        const id = subject.slice(this.#inbox.length + 1);
        const done = this.#waiting.get(id);
        this.#waiting.delete(id);
        done?.(data);
      },
    });
  }

  send(subject: string, body: Uint8Array, done: (reply: Uint8Array) => void, headers?: MsgHdrs): void {
    const id = (++this.#sent).toString(36);
    this.#waiting.set(id, done);
    this.#nc.publish(subject, body, { reply: `${this.#inbox}.${id}`, ...(headers ? { headers } : {}) });
  }

  request(subject: string, body: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve) => this.send(subject, body, resolve));
  }
}
