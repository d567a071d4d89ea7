import { ContradictionError, type Received } from './ledger.ts';
import type { CloudEvent } from './bookings.ts';

/** Reads an event of the feed. @throws ContradictionError when it is none. */
export function read(body: string): Received & { readonly orgId: string } {
  const event = JSON.parse(body) as CloudEvent;
  const orgId = /^\/tollgate\/orgs\/([^/]+)\/billing$/.exec(event.source)?.[1];
  const sequence = Number(event.sequence);
  if (orgId === undefined || !Number.isSafeInteger(sequence) || sequence < 1) {
    throw new ContradictionError(`not an event of Tollgate's billing feed: ${body.slice(0, 200)}`);
  }
  return { event, orgId, sequence, body };
}

/**
 * The events of an organization after a sequence, from the log itself: a page, oldest first.
 * `JSON.stringify` of an item gives the bytes that the stream carries.
 */
export async function pull(
  { url, jwt }: { readonly url: string; readonly jwt: string },
  orgId: string,
  after: number,
): Promise<{ items: Received[]; more: boolean }> {
  const response = await fetch(`${url}/v1/orgs/${orgId}/billing/events?after=${after}&limit=200`, {
    headers: { authorization: `Bearer ${jwt}` },
  });
  if (!response.ok) throw new Error(`pulling the events of ${orgId}: ${response.status} ${await response.text()}`);
  const { items, more } = (await response.json()) as { items: CloudEvent[]; more: boolean };
  return { items: items.map((event) => read(JSON.stringify(event))), more };
}
