import { createServer } from 'node:http';
import { createEmbeddedVerifier } from '@tollgate/sdk';
import { expressGuard, type GuardedRequest } from '@tollgate/sdk/express';

/** A plain HTTP server that decides in its own memory. Close it, so that its lease is given back. */
export async function startServer({
  natsUrl,
  creds,
  space,
  port,
}: {
  natsUrl: string;
  creds: string;
  space: string;
  port: number;
}) {
  const verifier = await createEmbeddedVerifier({ natsUrl, creds });
  // What is written for Express works on any server of Node.
  const guard = expressGuard({ verifier, wishes: () => ({ space, resource: 'agents', operation: 'list' }) });
  const server = createServer((request, response) =>
    guard(request, response, (error) => {
      if (error) return response.writeHead(500).end();
      const { tollgate } = request as GuardedRequest<typeof request>;
      return response.end(JSON.stringify({ agents: [], seenBy: tollgate.tokenId }));
    }),
  );
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    server,
    verifier,
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await verifier.close();
    },
  };
}

if (import.meta.main) {
  const { TOLLGATE_NATS_URL = '', TOLLGATE_CREDS = '', SPACE = '' } = process.env;
  const running = await startServer({ natsUrl: TOLLGATE_NATS_URL, creds: TOLLGATE_CREDS, space: SPACE, port: 3000 });
  process.once('SIGINT', () => void running.close());
  console.log('http://127.0.0.1:3000');
}
