import { Readable } from 'node:stream';
import type { RawPage } from '@tollgate/contracts';
import type { FastifyReply } from '@tollgate/runtime';

/**
 * Sends text that comes in pages as one response. The next page is asked for when the client has taken most of the last
 * one, so that a slow client costs no memory here. A page that fails breaks the connection off: what came is not the whole,
 * and the client sees that.
 */
export function sendRaw(reply: FastifyReply, first: RawPage, next: (cursor: string) => Promise<unknown>): FastifyReply {
  for (const [name, value] of Object.entries(first.headers)) void reply.header(name, value);
  void reply.header('cache-control', 'no-store').type(first.contentType);
  if (first.next === null) return reply.send(Buffer.from(first.body));
  return reply.send(Readable.from(bodies(first, next), { objectMode: false, highWaterMark: 64 * 1024 }));
}

async function* bodies(first: RawPage, next: (cursor: string) => Promise<unknown>): AsyncGenerator<Buffer> {
  for (let page = first; ; page = (await next(page.next)) as RawPage) {
    if (page.body !== '') yield Buffer.from(page.body);
    if (page.next === null) return;
  }
}
