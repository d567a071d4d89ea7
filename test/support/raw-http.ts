import { Agent, request as httpRequest } from 'node:http';
import type { Answer } from './api.ts';

export interface RawRequest {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Sends the body in pieces and without its length. */
  readonly chunked?: boolean;
}

/** One HTTP request of a kind that `fetch` refuses to send: repeated headers, a GET with a body. Takes an early answer. */
export function rawRequest(url: string, { method, headers = {}, body, chunked = false }: RawRequest): Promise<Answer> {
  // On a connection that may live on: one that ends with the answer is reset while its body is still under way.
  const agent = new Agent({ keepAlive: true });
  return new Promise<Answer>((resolve, reject) => {
    const sent = httpRequest(url, {
      method,
      agent,
      headers: {
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value as string])),
        ...(body === undefined || chunked ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
    });
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', reject);
      response.on('end', () => {
        const values = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]);
        const body: unknown = text === '' ? undefined : JSON.parse(text);
        resolve({ status: response.statusCode as number, headers: new Headers(values), body });
      });
    });
    sent.on('error', reject);
    if (chunked) sent.write(body);
    sent.end(chunked ? undefined : body);
  }).finally(() => agent.destroy());
}
