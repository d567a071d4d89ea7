export { startIssuer, type TestIssuer } from './issuer.ts';
export { startStage, type Stage } from './stage.ts';
export { TestLog, type TestAppend } from './log.ts';
export { lockedBefore, whileHeld } from './locks.ts';
