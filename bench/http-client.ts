import { connect, type Socket } from 'node:net';

/** An HTTP/1.1 connection that is kept open and has one request under way: little more than a socket, so that the server is measured. */
class Connection {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #length = 0;
  #expected = -1;
  #done: ((answer: Buffer) => void) | null = null;

  constructor(url: URL) {
    this.#socket = connect(Number(url.port), url.hostname).setNoDelay(true);
    this.#socket.on('data', (data: Buffer) => this.#take(data));
    this.#socket.on('error', (error) => {
      throw error;
    });
  }

  send(request: Buffer, done: (answer: Buffer) => void): void {
    this.#done = done;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(data: Buffer): void {
    this.#received.push(data);
    this.#length += data.length;
    if (this.#expected < 0) {
      const text = Buffer.concat(this.#received).toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#expected = end + 4 + Number(/content-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    }
    if (this.#length < this.#expected) return;
    const answer = this.#received.length === 1 ? (this.#received[0] as Buffer) : Buffer.concat(this.#received);
    this.#received = [];
    this.#length = 0;
    this.#expected = -1;
    this.#done!(answer);
  }
}

/** So many connections to one server. */
export class HttpClient {
  readonly #url: URL;
  readonly #idle: Connection[];

  constructor(url: string, connections: number) {
    this.#url = new URL(url);
    this.#idle = Array.from({ length: connections }, () => new Connection(this.#url));
  }

  /** The bytes of a POST with a JSON body to a path below the client's URL. */
  post(path: string, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Buffer {
    const head = [
      `POST ${this.#url.pathname.replace(/\/$/, '')}${path} HTTP/1.1`,
      `Host: ${this.#url.host}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
    ];
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
  }

  /** There must be a connection for each request that is under way. Throws for any answer but the status that is expected. */
  send(request: Buffer, done: (answer: Buffer) => void, status = 200): void {
    const connection = this.#idle.pop()!;
    connection.send(request, (answer) => {
      if (Number(answer.toString('latin1', 9, 12)) !== status)
        throw new Error(`The server answered ${answer.toString()}`);
      this.#idle.push(connection);
      done(answer);
    });
  }

  /** The JSON of the answer to one request. */
  async request(request: Buffer): Promise<unknown> {
    const answer = await new Promise<Buffer>((resolve) => this.send(request, resolve));
    return JSON.parse(answer.subarray(answer.indexOf('\r\n\r\n')).toString());
  }

  /** Requests that may be sent right now. */
  get idle(): number {
    return this.#idle.length;
  }

  close(): void {
    for (const connection of this.#idle) connection.close();
  }
}
