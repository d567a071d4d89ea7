import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { billingEventTypes, billingUpcasts, type BillingEventData } from '@tollgate/contracts';
import { EventAppender } from './appender.ts';
import type { LogDefinition } from './log-definition.ts';
import { PostgresEventLog } from './postgres-event-log.ts';
import { startDatabase, type TestDatabase } from './testing/database.ts';
import { at, idOf, meta, org, spaceCreated } from './testing/requests.ts';

const billing: LogDefinition = {
  schema: 'billing_log',
  catalogue: billingEventTypes,
  upcasts: billingUpcasts,
  personal: false,
};

let db: TestDatabase;
let appender: EventAppender;
let log: PostgresEventLog;

beforeAll(async () => {
  db = await startDatabase();
  appender = new EventAppender({ url: db.url('billing-meter'), log: billing });
  log = new PostgresEventLog(db.pool('billing-meter'), billing);
});
afterAll(async () => {
  await appender?.close();
  await db?.stop();
});

const tokenId = idOf('tok', 1);
const closed: BillingEventData<'SeatClosed'> = { tokenId, closedAt: at, reason: 'expired', evidence: [] };
const seatClosed = (expectedVersion: number) => ({
  stream: `seat-${tokenId}`,
  expectedVersion,
  orgId: org,
  events: [{ type: 'SeatClosed', data: closed }],
  meta,
  at,
});

describe('the log billing beside the log main', () => {
  it('has positions, a head and an id of its own', async () => {
    const main = new PostgresEventLog(db.pool('token-command'));
    const writer = new EventAppender({ url: db.url('token-command') });
    await writer.append(spaceCreated(1));
    await writer.close();
    expect(await log.head()).toBe(0);
    await appender.append(seatClosed(0));
    await appender.append(seatClosed(1));
    expect(await log.read(0, 10)).toMatchObject([
      { position: 1, version: 1, type: 'SeatClosed', data: closed },
      { position: 2, version: 2 },
    ]);
    expect(await main.head()).toBe(1);
    expect(await log.logId()).not.toBe(await main.logId());
  });

  it('refuses a lost race and events of the other log', async () => {
    await expect(appender.append(seatClosed(0))).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(appender.append(spaceCreated(2))).rejects.toThrow('is not in the catalogue');
  });

  it('keeps an idempotency key', async () => {
    const idempotency = {
      orgId: org,
      caller: 'acc_1',
      operation: 'x',
      key: 'k',
      requestHash: 'h',
      answer: () => ({ done: true }),
    };
    await appender.append({ ...seatClosed(2), idempotency });
    expect(await appender.append({ ...seatClosed(2), idempotency })).toMatchObject({ replay: { done: true } });
  });

  it('is append-only, for its writer and for the owner', async () => {
    const attacks = [
      'UPDATE billing_log.events SET org_id = org_id',
      'DELETE FROM billing_log.events',
      'TRUNCATE billing_log.events',
      'UPDATE billing_log.head SET position = 0',
      'DELETE FROM billing_log.head',
    ];
    for (const attack of attacks) {
      await expect(db.pool('billing-meter').query(attack)).rejects.toThrow(/permission denied|moves forward/);
      await expect(db.admin.query(attack)).rejects.toThrow(/append-only|moves forward/);
    }
  });

  it('is closed to everybody else', async () => {
    for (const service of ['token-command', 'audit-projector'] as const) {
      await expect(db.pool(service).query('SELECT FROM billing_log.events')).rejects.toThrow('permission denied');
    }
  });
});
