export { startDatabase, type TestDatabase } from './database.ts';
