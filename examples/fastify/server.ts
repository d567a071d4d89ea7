import { TollgateClient, type TokenVerifier } from '@tollgate/sdk';
import { fastifyGuard, type GuardedRequest } from '@tollgate/sdk/fastify';
import fastify from 'fastify';

/** An API whose every route is guarded: the method and path of a call say what it does. */
export function createApp(verifier: TokenVerifier, space: string) {
  const app = fastify();
  app.decorateRequest('tollgate', null);
  app.addHook(
    'onRequest',
    fastifyGuard({
      verifier,
      wishes: ({ method, url }: { method: string; url: string; headers: object }) => ({ space, method, path: url }),
    }),
  );
  app.get('/api/agent-base', (request) => {
    const { tollgate } = request as unknown as GuardedRequest;
    return { agents: [], seenBy: tollgate.tokenId };
  });
  return app;
}

if (import.meta.main) {
  const { TOLLGATE_NATS_URL = '', TOLLGATE_CREDS = '', SPACE = '' } = process.env;
  const tollgate = new TollgateClient({ transport: { nats: { url: TOLLGATE_NATS_URL, creds: TOLLGATE_CREDS } } });
  console.log(await createApp(tollgate, SPACE).listen({ port: 3000 }));
}
