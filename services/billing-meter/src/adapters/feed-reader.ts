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
    // The page first, so that the events are looked up one by one and the log is never read from its beginning.
    `SELECT feed.sequence, event.*
       FROM (SELECT position, sequence FROM billing.feed
              WHERE ${ofOne ? 'org_id = $3 AND sequence > $1' : 'position > $1'}
              ORDER BY ${ofOne ? 'sequence' : 'position'} LIMIT $2) AS feed
       JOIN billing_log.events AS event USING (position) ORDER BY position`,
    ofOne ? [place.afterSequence, limit, place.orgId] : [place.afterPosition, limit],
  );
  return rows.map((row) => {
    const [event] = asBillingEvents([decodeEvent(storedEvent(row), billingLog)]);
    if (!event?.orgId) throw new Error(`the billing log has an event without organization at ${row.position}`);
    return { orgId: event.orgId, position: row.position, event: cloudEventOf(event, row.sequence) };
  });
}
