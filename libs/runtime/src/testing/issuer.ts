import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  developmentIssuerDocuments,
  loadOrCreateDevelopmentKey,
  signDevelopmentJwt,
  type DevelopmentJwtClaims,
} from '@tollgate/identity';

const audience = 'tollgate';

export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** A header value: `Bearer …`. */
  authorization(claims: DevelopmentJwtClaims): Promise<string>;
  stop(): Promise<void>;
}

/** An OpenID Connect issuer with the documents and the key of the development issuer, on a free port. */
export async function startIssuer(): Promise<TestIssuer> {
  const directory = await mkdtemp(join(tmpdir(), 'tollgate-test-issuer-'));
  const key = await loadOrCreateDevelopmentKey(directory);
  const server = createServer((request, response) => {
    const { configuration, jwks } = developmentIssuerDocuments(key, issuer);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url?.endsWith('/jwks') ? jwks : configuration));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    audience,
    authorization: async (claims) => `Bearer ${await signDevelopmentJwt(key, issuer, audience, claims)}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
