export { freePort } from './ports.ts';
export { natsServerBinary, startNats, type TestNats } from './testing/start-nats.ts';
export { startPostgres, type TestPostgres } from './testing/start-postgres.ts';
export {
  startStack,
  type ProcessHandle,
  type ServiceHandle,
  type StackOptions,
  type TestStack,
} from './testing/start-stack.ts';
