export { groupReads } from './group-reads.ts';
export { EventAppender, type AppenderOptions } from './appender.ts';
export { BusEventSource, readPage, type LogPage } from './bus-event-source.ts';
export { ensureStream } from './ensure-stream.ts';
export { decodeEvent, storedEvent, type EventRow, type StoredEvent } from './codec.ts';
export { InMemoryEventLog } from './in-memory-event-log.ts';
export { mainLog, type LogDefinition } from './log-definition.ts';
export { migrate, migrateEventLog, type MigrationSet } from './migrate.ts';
export {
  createPool,
  inTransaction,
  isUnavailable,
  onNewRun,
  typeParsers,
  type ClientBase,
  type Pool,
  type PoolClient,
  type PoolOptions,
} from './pool.ts';
export { PostgresEventLog } from './postgres-event-log.ts';
export { ensureServiceRoles, serviceRoles, serviceUrl, type DatabaseService } from './roles.ts';
export type * from './types.ts';
export { Feed, type FeedBus, type FeedMessage, type FeedOptions } from './feed.ts';
export { natsFeedBus } from './nats-feed-bus.ts';
export { publishChained, type ChainedMessage } from './publish-chained.ts';
export { Relay, type RelayOptions } from './relay.ts';
