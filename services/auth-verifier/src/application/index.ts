import { RebuildCredentials } from './rebuild-credentials.ts';

/** What auth-verifier does through Nest. Verifications themselves are `VerifyCalls`, below it. */
export const useCases = [RebuildCredentials];
