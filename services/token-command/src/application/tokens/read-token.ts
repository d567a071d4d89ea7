import type { StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { type ExistingToken, theToken, token } from '../../domain/token.ts';
import { streamName } from '../command-runner.ts';
import { ofThisOrganization } from '../visibility.ts';

/** The token as it stands, or NOT_FOUND: for what a command must know before it runs and what never changes. */
export async function readToken(streams: StreamReader, orgId: string, tokenId: string): Promise<ExistingToken> {
  const { state } = fold(token, await streams.readStream(streamName(token, tokenId)));
  ofThisOrganization(orgId, 'token')(state);
  return theToken(state);
}
