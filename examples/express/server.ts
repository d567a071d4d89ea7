import { TollgateClient, type TokenVerifier } from '@tollgate/sdk';
import { expressGuard, type GuardedRequest } from '@tollgate/sdk/express';
import express from 'express';

/** An API with one route, for tokens that may list agents in the space. */
export function createApp(verifier: TokenVerifier, space: string) {
  const app = express();
  const mayListAgents = expressGuard({ verifier, wishes: () => ({ space, resource: 'agents', operation: 'list' }) });
  app.get('/agents', mayListAgents, (request, response) => {
    const { tollgate } = request as GuardedRequest<typeof request>;
    response.json({ agents: [], seenBy: tollgate.tokenId });
  });
  return app;
}

if (import.meta.main) {
  const { TOLLGATE_VERIFIER_URL = 'http://127.0.0.1:8081', TOLLGATE_JWT = '', SPACE = '' } = process.env;
  const tollgate = new TollgateClient({ verifierUrl: TOLLGATE_VERIFIER_URL, token: TOLLGATE_JWT });
  createApp(tollgate, SPACE).listen(3000, () => console.log('http://127.0.0.1:3000/agents'));
}
