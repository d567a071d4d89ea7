import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrCreateDevelopmentKey, signDevelopmentJwt, type DevelopmentJwtClaims } from '@tollgate/identity';
import { startService } from '@tollgate/runtime';
import type { TestNats } from '@tollgate/stack';
import { apiGateway } from '../gateway.ts';

export interface TestGateway {
  readonly url: string;
  jwt(claims?: Partial<DevelopmentJwtClaims>): Promise<string>;
  /** `fetch` with a JWT, and with `body` sent as JSON unless it is a text already. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

/** The gateway on a free port, as the NATS user that it is in production. */
export async function startGateway(nats: TestNats, env: NodeJS.ProcessEnv = {}): Promise<TestGateway> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tollgate-gateway-'));
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}/dev/issuer`;
  const service = await startService(apiGateway, {
    TOLLGATE_SERVICE_PORT: `${port}`,
    TOLLGATE_NATS_URL: nats.url,
    TOLLGATE_NATS_CREDS: await nats.credsFor('api-gateway'),
    TOLLGATE_OIDC_ISSUER: issuer,
    TOLLGATE_DEV: '1',
    TOLLGATE_DATA_DIR: dataDir,
    ...env,
  });
  const key = await loadOrCreateDevelopmentKey(dataDir);
  const jwt = (claims: Partial<DevelopmentJwtClaims> = {}) =>
    signDevelopmentJwt(key, issuer, 'tollgate', { sub: 'operator', scope: 'platform:operate', ...claims });
  return {
    url: service.url,
    jwt,
    async call(method, path, body, headers = {}) {
      return fetch(`${service.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await jwt()}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    },
    async stop() {
      await service.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
