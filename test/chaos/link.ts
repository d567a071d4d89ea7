import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** `up`: from the verifier to NATS. `down`: from NATS to the verifier. */
export type Direction = 'up' | 'down';
const directions = ['up', 'down'] as const;

interface Chunk {
  readonly data: Buffer;
  readonly arrivedMs: number;
}

/** One direction of one connection. What is held goes on in order when it is let through, as TCP would send it again. */
class Pipe {
  readonly #to: Socket;
  readonly #waiting: Chunk[] = [];
  #timer: NodeJS.Timeout | undefined;
  held = false;
  delayMs = 0;

  constructor(from: Socket, to: Socket) {
    this.#to = to;
    from.on('data', (data: Buffer) => {
      this.#waiting.push({ data, arrivedMs: performance.now() });
      this.flow();
    });
  }

  /** Sends what is due. */
  flow(): void {
    clearTimeout(this.#timer);
    if (this.held) return;
    this.sendOlderThan(performance.now() - this.delayMs);
    const next = this.#waiting[0];
    if (next)
      this.#timer = setTimeout(() => this.flow(), Math.max(1, next.arrivedMs + this.delayMs - performance.now()));
  }

  /** Sends what had arrived by then, held or not. */
  sendOlderThan(arrivedMs: number): void {
    for (let next = this.#waiting[0]; next && next.arrivedMs <= arrivedMs; next = this.#waiting[0]) {
      this.#waiting.shift();
      if (!this.#to.destroyed) this.#to.write(next.data);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }
}

/** A TCP link to one server that can be cut in either direction, slowed down and broken. Connections stay open while it is cut. */
export class Link {
  readonly #server: Server;
  readonly #connections = new Set<{ sockets: readonly Socket[]; pipes: Record<Direction, Pipe> }>();
  readonly #held = new Set<Direction>();
  #delayMs = 0;

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      const far = connect({ host: '127.0.0.1', port: targetPort, noDelay: true });
      near.setNoDelay(true);
      const pipes = { up: new Pipe(near, far), down: new Pipe(far, near) };
      const connection = { sockets: [near, far], pipes };
      this.#connections.add(connection);
      this.#apply();
      for (const socket of connection.sockets) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#connections.delete(connection);
          for (const direction of directions) pipes[direction].end();
          for (const each of connection.sockets) each.destroy();
        });
      }
    });
  }

  static async to(targetPort: number): Promise<Link> {
    const link = new Link(targetPort);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Nothing goes through in these directions any more; new connections get just as far. */
  cut(...cut: readonly Direction[]): void {
    for (const direction of cut) this.#held.add(direction);
    this.#apply();
  }

  /** Everything arrives this much later, in both directions. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
    this.#apply();
  }

  /** Whole again: what was held goes through at once. */
  heal(): void {
    this.#held.clear();
    this.#delayMs = 0;
    this.#apply();
  }

  /** Of what is held, lets through what had arrived by then. */
  letThrough(direction: Direction, arrivedMs: number): void {
    for (const { pipes } of this.#connections) pipes[direction].sendOlderThan(arrivedMs);
  }

  /** Ends the connections; the verifier may connect again at once. */
  break(): void {
    for (const { sockets } of this.#connections) for (const socket of sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.break();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #apply(): void {
    for (const { pipes } of this.#connections) {
      for (const direction of directions) {
        const pipe = pipes[direction];
        pipe.held = this.#held.has(direction);
        pipe.delayMs = this.#delayMs;
        pipe.flow();
      }
    }
  }
}
