import type { BillingCloudEvent } from '@tollgate/contracts';
import { decodeEvent, storedEvent, type EventRow, type Pool } from '@tollgate/event-log';
import { cloudEventOf } from '../domain/cloud-event.ts';
import { asBillingEvents, billingLog } from './billing-log.ts';

/** A message of finance's feed and its place in the billing log. */
export interface FeedMessage {
  readonly orgId: string;
  readonly position: number;
  readonly event: BillingCloudEvent;
}

type Place = { readonly afterPosition: number } | { readonly orgId: string; readonly afterSequence: number };

/** The next messages: of all organizations in the order of the log, or of one in the order of its sequence. */
export async function readFeed(pool: Pool, { limit, ...place }: Place & { limit: number }): Promise<FeedMessage[]> {
  const ofOne = 'orgId' in place;
  const { rows } = await pool.query<EventRow & { sequence: number }>(
    `SELECT feed.sequence, event.* FROM billing.feed AS feed JOIN billing_log.events AS event USING (position)
      WHERE ${ofOne ? 'feed.org_id = $3 AND feed.sequence > $1' : 'feed.position > $1'}
      ORDER BY ${ofOne ? 'feed.sequence' : 'feed.position'} LIMIT $2`,
    ofOne ? [place.afterSequence, limit, place.orgId] : [place.afterPosition, limit],
  );
  return rows.map((row) => {
    const [event] = asBillingEvents([decodeEvent(storedEvent(row), billingLog)]);
    if (!event?.orgId) throw new Error(`the billing log has an event without organization at ${row.position}`);
    return { orgId: event.orgId, position: row.position, event: cloudEventOf(event, row.sequence) };
  });
}
