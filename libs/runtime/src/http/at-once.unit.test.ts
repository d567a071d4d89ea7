import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { answerAtOnce } from './at-once.ts';

let server: Server;
let stopping = false;
/** What the route did, in its order. */
let done: string[] = [];
/** Resolves when the server's own listener has been given a request. */
let handedOn = Promise.withResolvers<void>();

beforeAll(async () => {
  server = createServer((request, response) => {
    handedOn.resolve();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.end(`listener: ${Buffer.concat(chunks).toString()}`));
    request.resume();
  });
  const route = {
    method: 'POST',
    path: '/verify',
    isKnownCaller: (authorization: string) => authorization === 'known',
    answer: (body: Uint8Array) => {
      const text = Buffer.from(body).toString();
      done.push('decided');
      return text.startsWith('unusual') ? null : `at once: ${text.replace('ü', 'u')}`;
    },
  };
  const answered = { record: () => void done.push('sent') };
  answerAtOnce(server, route, { isStopping: () => stopping, answered });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

interface Wish {
  readonly line?: string;
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string;
}

/** The bytes of a request that is answered at once, but for what is wished otherwise. */
function bytesOf({ line = 'POST /verify', headers = {}, body = 'ünchanged' }: Wish): Buffer {
  const all: Record<string, string | null> = {
    host: 'x',
    authorization: 'known',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return Buffer.from(`${line} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Sends the pieces, each when the server has handed the request on, and reads answers until there are so many. */
async function exchange(pieces: readonly Buffer[], answers = 1): Promise<string[]> {
  handedOn = Promise.withResolvers();
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let received = '';
  const complete = new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (data) => {
      received += data.toString();
      if (received.split('HTTP/1.1 ').length > answers && received.endsWith('.')) resolve();
    });
  });
  for (const [place, piece] of pieces.entries()) {
    if (place > 0) await handedOn.promise;
    socket.write(piece);
  }
  await complete;
  socket.destroy();
  return received.split('HTTP/1.1 ').slice(1);
}

const bodyIn = (answer: string | undefined) => answer?.split('\r\n\r\n')[1];

describe('a request of the route', () => {
  it('is answered at once, with type and length', async () => {
    const [answer] = await exchange([bytesOf({ body: 'ünchanged.' })]);
    expect(bodyIn(answer)).toBe('at once: unchanged.');
    expect(answer).toMatch(/^200 OK\r\n/);
    expect(answer).toMatch(/content-type: application\/json; charset=utf-8\r\n/);
    expect(answer).toMatch(/content-length: 19\r\n/);
  });

  it.each<[string, Wish]>([
    ['comes from somebody who is not known', { headers: { authorization: 'other' } }],
    ['names no caller', { headers: { authorization: null } }],
    ['has another type', { headers: { 'content-type': 'text/plain' } }],
    ['has no type', { headers: { 'content-type': null } }],
    ['has a query', { line: 'POST /verify?x=1' }],
    ['has another path', { line: 'POST /verify/' }],
    ['has another method', { line: 'PUT /verify' }],
    ['is unusual', { body: 'unusual ünchanged.' }],
    ['is large', { body: `${'x'.repeat(20_000)}.` }],
  ])('that %s goes to the listener as it came', async (_what, wish) => {
    const body = 'ünchanged.';
    const [answer] = await exchange([bytesOf({ body, ...wish })]);
    expect(bodyIn(answer)).toBe(`listener: ${wish.body ?? body}`);
  });

  it('without a body goes to the listener', async () => {
    const both = Buffer.concat([bytesOf({ body: '' }), bytesOf({ body: 'next.' })]);
    expect((await exchange([both], 2)).map(bodyIn)).toEqual(['listener: ', 'at once: next.']);
  });

  it('of which the body comes in pieces goes to the listener, whole', async () => {
    const bytes = bytesOf({ body: 'first and second.' });
    const cut = bytes.length - 8;
    const [answer] = await exchange([bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect(bodyIn(answer)).toBe('listener: first and second.');
  });

  it('of which the body comes later goes to the listener, whole', async () => {
    const bytes = bytesOf({ body: 'later.' });
    const cut = bytes.length - 6;
    const [answer] = await exchange([bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect(bodyIn(answer)).toBe('listener: later.');
  });

  it('in chunks goes to the listener', async () => {
    const headers = { 'content-length': null, 'transfer-encoding': 'chunked' };
    const [answer] = await exchange([bytesOf({ headers, body: '7\r\nchunks.\r\n0\r\n\r\n' })]);
    expect(bodyIn(answer)).toBe('listener: chunks.');
  });

  it('keeps its place among others that came in one piece with it', async () => {
    const bodies = ['1.', 'unusual 2.', '3.', 'unusual 4.', '5.'];
    const answers = await exchange([Buffer.concat(bodies.map((body) => bytesOf({ body })))], bodies.length);
    expect(answers.map(bodyIn)).toEqual([
      'at once: 1.',
      'listener: unusual 2.',
      'at once: 3.',
      'listener: unusual 4.',
      'at once: 5.',
    ]);
  });

  it('is answered together with the others of its turn, once all of them are decided', async () => {
    done = [];
    const both = Buffer.concat([bytesOf({ body: '1.' }), bytesOf({ body: '2.' })]);
    expect((await exchange([both], 2)).map(bodyIn)).toEqual(['at once: 1.', 'at once: 2.']);
    expect(done).toEqual(['decided', 'decided', 'sent', 'sent']);
  });

  it('goes to the listener while the process stops', async () => {
    stopping = true;
    const [answer] = await exchange([bytesOf({ body: 'stopping.' })]);
    stopping = false;
    expect(bodyIn(answer)).toBe('listener: stopping.');
  });
});
