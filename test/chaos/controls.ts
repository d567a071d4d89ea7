import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { inboxPrefixOf, subjectOf, subjects } from '@tollgate/contracts';
import { EventAppender } from '@tollgate/event-log';
import type { TestStack } from '@tollgate/stack';
import type { EventMark, Grant } from '@tollgate/verifier';
import { NatsAuthority, VerifierHost, type AuthorityClient } from '@tollgate/verifier-host';
import { makeToken, must, type Organization } from '../support/api.ts';
import { connectWithoutLimits } from '../support/bus-user.ts';
import { eventually } from '../support/eventually.ts';
import { Checker, type Outcome } from './checker.ts';
import type { Fleet } from './fleet.ts';
import { Link } from './link.ts';
import { Random } from './random.ts';
import { Traffic } from './traffic.ts';

/** What shows that the harness sees violations where the protocol is broken. */
export interface ControlReport {
  readonly rounds: number;
  readonly verifications: number;
  readonly violations: number;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const meta = {
  actor: { type: 'system', id: 'chaos' },
  correlationId: 'chaos',
  causationId: 'chaos',
  requestId: null,
  contextCommitment: null,
  traceparent: null,
} as const;

/**
 * Revokes without a barrier: the event is appended and broadcast, and counts as returned at its commit. One link is cut in each
 * round, as the schedule of faults may do at any time.
 */
export async function broadcastWithoutWaiting(
  stack: TestStack,
  organization: Organization,
  fleet: Fleet,
  authorization: string,
  wanted: number,
): Promise<ControlReport> {
  const nc = await connectWithoutLimits(stack);
  const appender = new EventAppender({
    url: stack.secrets.databaseUrls['token-command'] as string,
    onCommitted: () => nc.publish(subjects.wake),
  });
  const checker = new Checker();
  const single = { authorization, loops: 0, batch: 1, pauseMs: 0 };
  const traffic = new Traffic({ verifiers: [] }, checker, single, new Random(0));
  let rounds = 0;
  try {
    for (; rounds < 20 && checker.violations.length < wanted; rounds += 1) {
      const { token, secret } = await makeToken(organization);
      const watched = checker.watch('broadcast', secret);
      const cut = fleet.verifiers[rounds % fleet.verifiers.length]!;
      await untilAccepted(() => traffic.ask(cut, watched));
      cut.link.cut('down');
      await appender.append({
        stream: `token-${token.id}`,
        expectedVersion: token.version,
        orgId: organization.org.id,
        events: [{ type: 'TokenRevoked', data: { tokenId: token.id, reason: null } }],
        meta,
        at: new Date().toISOString(),
      });
      checker.returned(watched);
      for (const endMs = performance.now() + 1_000; performance.now() < endMs;) {
        await Promise.all(fleet.verifiers.map((verifier) => traffic.ask(verifier, watched)));
      }
      cut.link.heal();
    }
  } finally {
    await Promise.all([appender.close(), nc.close(), traffic.stop()]);
  }
  return { rounds, verifications: checker.verifications, violations: checker.violations.length };
}

async function untilAccepted(verify: () => Promise<Outcome>): Promise<void> {
  await eventually(async () => {
    const outcome = await verify();
    if (outcome !== 'accepted') throw new Error(`a new token is ${outcome}`);
  });
}

/** When a verifier takes the time from which its lease counts. */
export type CountedFrom = 'request' | 'receipt';

/**
 * A verifier in this process, made of the libraries, whose time stands still for most of a lease: its link holds the reply to a
 * request for a lease, and a revoke runs meanwhile. Counted from the request, as the protocol says, the lease is nearly over when
 * the reply comes; counted from the receipt it outlives the barrier. Repeated until that has shown often enough: on a machine that
 * is busy with something else, the reply may miss its moment.
 */
export async function leaseOfLateReply(
  stack: TestStack,
  organization: Organization,
  countedFrom: CountedFrom,
  { wanted, roundsMax }: { wanted: number; roundsMax: number },
): Promise<ControlReport> {
  const checker = new Checker();
  let rounds = 0;
  for (; rounds < roundsMax && checker.violations.length < wanted; rounds += 1)
    await lateReply(stack, organization, countedFrom, checker);
  return { rounds, verifications: checker.verifications, violations: checker.violations.length };
}

async function lateReply(
  stack: TestStack,
  organization: Organization,
  countedFrom: CountedFrom,
  checker: Checker,
): Promise<void> {
  const link = await Link.to(Number(new URL(stack.state.natsUrl).port));
  const creds = readFileSync(join(stack.state.natsCredsDir as string, 'auth-verifier.creds'));
  const nc = await connect({
    servers: link.url,
    authenticator: credsAuthenticator(creds),
    inboxPrefix: inboxPrefixOf('auth-verifier'),
  });
  const authority = new WatchedAuthority(clientOf(nc), countedFrom);
  const host = new VerifierHost(authority);
  const verify = async (watched: ReturnType<Checker['watch']>) => {
    const beganMs = performance.now();
    const { code, valid } = await host.verifier.verify({ token: watched.secret });
    const outcome = valid ? 'accepted' : code === 'UNDECIDABLE' ? 'undecided' : 'refused';
    checker.verified(watched, 'in process', beganMs, outcome);
    return outcome;
  };
  try {
    const { token, secret } = await makeToken(organization);
    const watched = checker.watch('late reply', secret);
    host.start();
    await untilAccepted(() => verify(watched));
    link.cut('down');
    const askedMs = await authority.nextRequest();
    // The reply is in the link by then, and everything about the revoke comes after it.
    await sleep(100);
    const heldSinceMs = performance.now();
    const revoked = organization.owner('POST', organization.at(`/tokens/${token.id}/revoke`)).then((answer) => {
      must(200, answer);
      checker.returned(watched);
    });
    await sleep(askedMs + 1_800 - performance.now());
    link.letThrough('down', heldSinceMs);
    await revoked;
    for (const endMs = performance.now() + 2_000; performance.now() < endMs; await sleep(2)) await verify(watched);
  } finally {
    link.heal();
    await host.stop();
    await nc.close();
    await link.close();
  }
}

/** Says when a lease is asked for, and may turn the grant into one that counts from its receipt. */
class WatchedAuthority extends NatsAuthority {
  readonly #countedFrom: CountedFrom;
  #onRequest: (askedMs: number) => void = () => undefined;

  constructor(client: AuthorityClient, countedFrom: CountedFrom) {
    super(client);
    this.#countedFrom = countedFrom;
  }

  nextRequest(): Promise<number> {
    return new Promise((resolve) => (this.#onRequest = resolve));
  }

  override async renewLease(incarnation: string, applied: EventMark | null): Promise<Grant> {
    const askedMs = performance.now();
    this.#onRequest(askedMs);
    const grant = await super.renewLease(incarnation, applied);
    // The keeper ends a lease at the request plus its length.
    return this.#countedFrom === 'request'
      ? grant
      : { ...grant, leaseMs: grant.leaseMs + (performance.now() - askedMs) };
  }
}

function clientOf(nc: NatsConnection): AuthorityClient {
  return {
    nc,
    connected: true,
    async call(operation, input, { timeoutMs = 5_000 } = {}) {
      const reply = await nc.request(subjectOf(operation), JSON.stringify(input), { timeout: timeoutMs });
      if (reply.headers?.get('Nats-Service-Error-Code')) throw new Error(reply.string());
      return reply.json();
    },
  };
}
