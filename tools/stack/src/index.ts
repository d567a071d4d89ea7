export { startNats, type TestNats } from './testing/start-nats.ts';
export { startPostgres, type TestPostgres } from './testing/start-postgres.ts';
