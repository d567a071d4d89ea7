import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import type { RecordedTollgateEvent } from '@tollgate/contracts';
import { EventAppender } from './appender.ts';
import { mainLog } from './log-definition.ts';
import { PostgresEventLog } from './postgres-event-log.ts';
import { startDatabase, type TestDatabase } from './testing/database.ts';
import { eventLogContract } from './testing/event-log-contract.ts';

eventLogContract('the log in Postgres', async () => {
  const db = await startDatabase();
  const appender = new EventAppender({ url: db.url('token-command') });
  const log = new PostgresEventLog(db.pool('audit-projector'));
  return {
    store: appender,
    source: log,
    streams: log,
    async close() {
      await appender.close();
      await db.stop();
    },
  };
});

describe('events in Postgres', () => {
  let db: TestDatabase;
  let log: PostgresEventLog;
  const golden = new URL('../../contracts/golden/', import.meta.url);
  const insert = (event: RecordedTollgateEvent) =>
    db.admin.query(
      `INSERT INTO log.events (position, id, stream, version, category, type, type_version, org_id, at, data, meta)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        event.position,
        event.id,
        event.stream,
        event.version,
        event.category,
        event.type,
        event.typeVersion,
        event.orgId,
        event.at,
        JSON.stringify(event.data),
        JSON.stringify(event.meta),
      ],
    );

  beforeAll(async () => {
    db = await startDatabase();
    log = new PostgresEventLog(db.pool('billing-meter'));
  });
  afterAll(() => db.stop());

  it('come back exactly as a golden file has them', async () => {
    const events = readdirSync(golden)
      .map((file) => JSON.parse(readFileSync(new URL(file, golden), 'utf8')) as RecordedTollgateEvent)
      .filter(({ type }) => Object.hasOwn(mainLog.catalogue, type))
      // Each file stands for itself: here they get places in one log.
      .map((event, index) => ({ ...event, position: index + 1, version: index + 1, id: `evt_${index + 1}` }));
    for (const event of events) await insert(event);
    expect(await log.readStored(0, 100)).toEqual(events);
    expect(await log.read(0, 100)).toHaveLength(events.length);
    const platform = events.filter(({ stream }) => stream === 'product-default');
    expect(await log.readStream('product-default')).toEqual(platform);
  });

  it('of an unknown type stop the reader with an error that names the place', async () => {
    const [event] = (await log.read(0, 1)) as [RecordedTollgateEvent];
    const unknown = {
      ...event,
      position: 1_000,
      id: 'evt_unknown',
      stream: 'space-later',
      version: 1,
      type: 'SpaceMerged',
    };
    await insert(unknown as unknown as RecordedTollgateEvent);
    await expect(log.read(999, 10)).rejects.toThrow(
      "Position 1000 (space-later): the event type SpaceMerged is not in this program's catalogue: deploy a newer one",
    );
    expect((await log.readStored(999, 10))[0]).toEqual(unknown);
  });

  it('cannot be read while Postgres is away: SERVICE_UNAVAILABLE', async () => {
    await db.server.kill();
    await expect(log.read(0, 1)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(log.head()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await db.server.restart();
    expect(await log.read(0, 1)).toHaveLength(1);
  });
});
