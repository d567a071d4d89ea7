import { connectBus } from '@tollgate/bus';
import { subjects, type BalanceReport, type Decision, type Problem } from '@tollgate/contracts';
import { startService, type RunningService } from '@tollgate/runtime';
import { startIssuer, type TestIssuer } from '@tollgate/runtime/testing';
import { startNats, type TestNats } from '@tollgate/stack';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { readFile } from 'node:fs/promises';
import { authVerifier } from '../service.ts';
import { TestAuthority } from './test-authority.ts';

/** The body of any answer: a decision, decisions, or a problem. */
export type Body = Omit<Partial<Decision> & Partial<Problem>, 'code'> & { code?: string; decisions?: Decision[] };

/** Real NATS, an authority in memory and the service itself, in this process. */
export interface Stage {
  readonly nats: TestNats;
  readonly issuer: TestIssuer;
  readonly authority: TestAuthority;
  readonly service: RunningService;
  /** A client outside the platform that may verify and nothing else. */
  readonly outside: NatsConnection;
  /** The `Authorization` of a service that may verify. */
  readonly authorization: string;
  /** `POST` with the JWT of a service that may verify. */
  post(
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Body; headers: Headers }>;
  get(path: string): Promise<{ status: number; text: string }>;
  /** As billing-meter does; resolves once the verifier must have heard it. */
  publishBalance(orgId: string, availableMicros: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param prepare fills the log before the service starts */
export async function startStage(prepare: (authority: TestAuthority) => Promise<void>): Promise<Stage> {
  const [nats, issuer] = await Promise.all([startNats(), startIssuer()]);
  const authority = await TestAuthority.start(nats);
  await prepare(authority);
  const service = await startService(authVerifier, {
    TOLLGATE_SERVICE_PORT: '0',
    TOLLGATE_NATS_URL: nats.url,
    TOLLGATE_NATS_CREDS: await nats.credsFor('auth-verifier'),
    TOLLGATE_OIDC_ISSUER: issuer.issuer,
    TOLLGATE_OIDC_AUDIENCE: issuer.audience,
    TOLLGATE_DEV: '1',
  });
  const creds = await readFile(await nats.credsFor('outside:verify'));
  const outside = await connect({ servers: nats.url, authenticator: credsAuthenticator(creds) });
  const authorization = await issuer.authorization({ sub: 'gateway', scope: 'tokens:verify' });
  return {
    nats,
    issuer,
    authority,
    service,
    outside,
    authorization,
    async post(path, body, headers = {}) {
      const response = await fetch(service.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Body, headers: response.headers };
    },
    async get(path) {
      const response = await fetch(service.url + path);
      return { status: response.status, text: await response.text() };
    },
    async publishBalance(orgId, availableMicros) {
      const meter = await connectBus({
        service: 'billing-meter',
        url: nats.url,
        credsFile: await nats.credsFor('billing-meter'),
      });
      meter.publish(subjects.balances, { balances: [{ orgId, availableMicros }], all: null } satisfies BalanceReport);
      await meter.close();
      // The server delivers in order: what the service asks for afterwards is answered after it.
      await service.bus.nc.flush();
    },
    async stop() {
      await outside.close();
      await service.stop();
      await authority.stop();
      await Promise.all([nats.stop(), issuer.stop()]);
    },
  };
}

/** Waits until a condition holds, at most 10 s; for what happens in other processes, which nothing announces. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
