import { setTimeout as sleep } from 'node:timers/promises';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditCheckpoint, auditExport, TollgateError } from '@tollgate/contracts';
import { startNats, type TestNats } from '@tollgate/stack';
import { Responders } from './testing/responders.ts';
import { startGateway, type TestGateway } from './testing/start-gateway.ts';

const org = 'org_01jd0000000000000000000000';
const route = `/v1/orgs/${org}/audit/export?format=ndjson&actor=acc_1`;

let nats: TestNats;
let responders: Responders;
let gateway: TestGateway;

beforeAll(async () => {
  nats = await startNats();
  responders = await Responders.start(nats);
  gateway = await startGateway(nats);
});
afterAll(async () => {
  await gateway?.stop();
  await responders?.stop();
  await nats?.stop();
});

/** Answers the export with `count` pages of a text. */
async function servePages(count: number, body: (page: number) => string): Promise<() => void> {
  return responders.serve(auditExport, ({ cursor = '0' }: { cursor?: string }) => {
    const page = Number(cursor);
    return {
      contentType: 'application/x-ndjson',
      headers: { 'tollgate-checkpoint-size': '7' },
      body: body(page),
      next: page + 1 < count ? String(page + 1) : null,
    };
  });
}

describe('an answer that is text', () => {
  it('comes as it is, with its own type and headers', async () => {
    const note = 'origin\n5\nroot\n\n\u2014 key signature\n';
    const headers = { 'tollgate-checkpoint-size': '5' };
    const answer = { contentType: 'text/plain; charset=utf-8', headers, body: note, next: null };
    const end = await responders.serve(auditCheckpoint, () => answer);
    const response = await gateway.call('GET', `/v1/orgs/${org}/audit/checkpoint`);
    end();
    expect(await response.text()).toBe(note);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('tollgate-checkpoint-size')).toBe('5');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('comes page after page as one stream, each asked for with the same input', async () => {
    const end = await servePages(4, (page) => `page ${page}\n`);
    const response = await gateway.call('GET', route);
    expect(await response.text()).toBe('page 0\npage 1\npage 2\npage 3\n');
    end();
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    expect(responders.last.input).toEqual({ org, format: 'ndjson', actor: 'acc_1', cursor: '3' });
  });

  it('is not asked for faster than its reader takes it', async () => {
    const pages = 60;
    const end = await servePages(pages, () => `${'x'.repeat(500_000)}\n`);
    const before = responders.calls.length;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      void gateway.jwt().then((jwt) => {
        get(`${gateway.url}${route}`, { headers: { authorization: `Bearer ${jwt}` } }, resolve).on('error', reject);
      });
    });
    response.pause();
    let asked = 0;
    // The buffers of both sockets fill up; then nothing is asked for any more.
    for (let last = -1; last !== asked; asked = responders.calls.length - before) {
      last = asked;
      await sleep(300);
    }
    expect(asked).toBeLessThan(pages / 2);
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(pages * 500_001);
    end();
  });

  it('breaks off when a page cannot be had, so that nobody takes the part for the whole', async () => {
    const end = await servePages(10, (page) => {
      if (page === 3) throw new TollgateError('SERVICE_UNAVAILABLE', 'Try again shortly.');
      return `page ${page}\n`;
    });
    const response = await gateway.call('GET', route);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    end();
  });

  it('is a problem when the first page is refused', async () => {
    const end = await responders.serve(auditExport, () => {
      throw new TollgateError('NOT_FOUND', 'No such organization.');
    });
    const response = await gateway.call('GET', route);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([404, 'NOT_FOUND']);
    end();
  });
});
