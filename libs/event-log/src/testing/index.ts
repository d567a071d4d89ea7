export { connectAs, connectAsOperator } from './bus.ts';
export { startDatabase, type TestDatabase } from './database.ts';
export { busOf, InMemoryBus } from './in-memory-bus.ts';
export { at, idOf, meta, org, spaceCreated, tokenRenamed } from './requests.ts';
export { until } from './until.ts';
