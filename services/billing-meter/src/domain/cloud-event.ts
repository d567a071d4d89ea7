import type { BillingCloudEvent, RecordedBillingEvent } from '@tollgate/contracts';

type Shape = Pick<BillingCloudEvent, 'type' | 'subject' | 'time'>;

/**
 * An event of the billing log as finance gets it: CloudEvents 1.0 with the extension `sequence` (as the CloudEvents
 * extension of that name wants it: text that sorts) and `recordedtime`. It follows from the recorded event and its sequence
 * alone, so it is the same however often and by whomever it is made.
 * @param sequence gap-free per organization, from 1 on
 */
export function cloudEventOf(event: RecordedBillingEvent, sequence: number): BillingCloudEvent {
  const { type, subject, time } = shapeOf(event);
  return {
    specversion: '1.0',
    id: `${event.orgId}.${sequence}`,
    source: `/tollgate/orgs/${event.orgId}/billing`,
    type,
    subject,
    time,
    datacontenttype: 'application/json',
    recordedtime: event.at,
    sequence: String(sequence).padStart(20, '0'),
    data: event.data,
  };
}

/** `tollgate.billing.<org>.<type>` */
export function cloudEventSubject(orgId: string, { type }: Pick<BillingCloudEvent, 'type'>): string {
  return `tollgate.billing.${orgId}.${type}`;
}

/** `time` is when it took effect, which may be long before it was recorded. */
function shapeOf({ type, data }: RecordedBillingEvent): Shape {
  switch (type) {
    case 'SeatOpened':
      return { type: 'seat.opened.v1', subject: data.tokenId, time: data.openedAt };
    case 'SeatRepriced':
      return { type: 'seat.repriced.v1', subject: data.tokenId, time: data.since };
    case 'SeatClosed':
      return { type: 'seat.closed.v1', subject: data.tokenId, time: data.closedAt };
    case 'PeriodClosed':
      return { type: 'period.closed.v1', subject: `statements/${data.no}`, time: data.period.end };
    case 'LinePosted':
      return { type: 'line.posted.v1', subject: data.line.id, time: data.line.interval.end };
    case 'LineAdjusted':
      return {
        type: 'line.adjusted.v1',
        subject: data.adjustment.id,
        time: data.adjustment.period.end,
      };
    case 'StatementIssued':
      return { type: 'statement.issued.v1', subject: `statements/${data.no}`, time: data.period.end };
    case 'TopUpBooked':
      return { type: 'balance.topped-up.v1', subject: `top-ups/${data.evidence.id}`, time: data.toppedUpAt };
    case 'BalanceRanLow':
      return { type: 'balance.low.v1', subject: 'balance', time: data.ranLowAt };
    case 'ChargeReserved':
      return { type: 'charge.reserved.v1', subject: chargeOf(data), time: data.reservedAt };
    case 'ChargeDeclined':
      return { type: 'charge.declined.v1', subject: chargeOf(data), time: data.declinedAt };
    case 'ChargeCaptured':
      return { type: 'charge.captured.v1', subject: chargeOf(data), time: data.capturedAt };
    case 'ChargeReleased':
      return { type: 'charge.released.v1', subject: chargeOf(data), time: data.releasedAt };
    case 'ChargeExpired':
      return { type: 'charge.expired.v1', subject: chargeOf(data), time: data.expiredAt };
    case 'ChargeUncollected':
      return { type: 'charge.uncollected.v1', subject: chargeOf(data), time: data.attemptedAt };
  }
}

const chargeOf = ({ chargeId }: { chargeId: string }): string => `charges/${chargeId}`;
