import { loadOrCreateDevelopmentKey, signDevelopmentJwt, type DevelopmentJwtClaims } from '@tollgate/identity';
import type { TestStack } from '@tollgate/stack';

/** An answer as it came: JSON if there was any. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are looked at as any client would: by name
  readonly body: any;
}

export type Caller = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** One HTTP request; `body` is sent as JSON, or as it is when it is text or bytes. */
export async function request(
  url: string,
  method: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: isRaw(body) ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : parsed(text) };
}

const isRaw = (body: unknown): body is string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || ArrayBuffer.isView(body);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Callers of a stack: each has a JWT of the development issuer. */
export async function callersOf(stack: Pick<TestStack, 'state' | 'dataDir' | 'url' | 'verifierUrl'>) {
  const key = await loadOrCreateDevelopmentKey(stack.dataDir);
  const jwt = (claims: DevelopmentJwtClaims) =>
    signDevelopmentJwt(key, stack.state.issuer, stack.state.audience, claims);
  const caller =
    (base: string, token: string): Caller =>
    (method, path, body, headers) =>
      request(base + path, method, body, { authorization: `Bearer ${token}`, ...headers });
  return {
    jwt,
    operator: caller(stack.url, await jwt({ sub: 'operator', scope: 'platform:operate' })),
    account: async (org: string, sub: string) => caller(stack.url, await jwt({ sub, org })),
    service: async (sub: string, scope: string) => caller(stack.url, await jwt({ sub, scope })),
    verifier: caller(stack.verifierUrl, await jwt({ sub: 'shop', scope: 'tokens:verify' })),
  };
}
export type Callers = Awaited<ReturnType<typeof callersOf>>;

/** An organization with its owner, a member, a service account and a space to which the service account belongs. */
export async function makeOrganization(
  { operator, account }: Callers,
  overrides: Readonly<Record<string, unknown>> = {},
) {
  const { org } = must(
    201,
    await operator('POST', '/v1/orgs', {
      name: 'Acme',
      plan: 'pro',
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      ...overrides,
    }),
  );
  const at = (path: string) => `/v1/orgs/${org.id}${path}`;
  const first = must(
    201,
    await operator('POST', at('/accounts'), {
      kind: 'member',
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      role: 'owner',
    }),
  );
  const owner = await account(org.id, first.account.id);
  const { account: member } = must(
    201,
    await owner('POST', at('/accounts'), { kind: 'member', name: 'Grace Hopper', email: 'grace@example.com' }),
  );
  const { account: service } = must(201, await owner('POST', at('/accounts'), { kind: 'service', name: 'n8n' }));
  const { space } = must(201, await owner('POST', at('/spaces'), { name: 'Marketing' }));
  must(
    200,
    await owner('PUT', at(`/spaces/${space.id}/members/${service.id}`), { permissions: ['agents:*', 'chat:chat'] }),
  );
  return {
    org,
    at,
    owner,
    ownerId: first.account.id as string,
    member: await account(org.id, member.id),
    memberId: member.id as string,
    service,
    space,
  };
}
export type Organization = Awaited<ReturnType<typeof makeOrganization>>;

/** A new token of the organization's service account, with its secret. */
export async function makeToken(
  { owner, at, service }: Organization,
  overrides: Readonly<Record<string, unknown>> = {},
) {
  return must(
    201,
    await owner('POST', at('/tokens'), {
      name: 'My Claude Connection',
      accountId: service.id,
      scope: { type: 'multi-space' },
      acknowledgeBilling: true,
      ...overrides,
    }),
  );
}

/** The body of an answer that must have this status; else an error that shows what came. */
export function must(status: number, answer: Answer) {
  if (answer.status !== status)
    throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/**
 * A verification as a client makes it that heeds `Retry-After`: a verifier that cannot decide (its lease ran out while the
 * machine stood still) is asked again, for up to 10 s. Any other answer comes back as it is.
 */
export async function verifyDecidably({ verifier }: Pick<Callers, 'verifier'>, body: object): Promise<Answer> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const answer = await verifier('POST', '/v1/verify', body);
    if (answer.status !== 503 || performance.now() > deadlineMs) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
