import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, type Pool } from '@tollgate/event-log';
import { type ServiceHandle, startStack, type TestStack } from '@tollgate/stack';
import { Link } from '../chaos/link.ts';
import {
  type Caller,
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
  request,
} from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { copyPostgres } from '../support/restore.ts';
import { httpDoor, Watch } from '../support/watch.ts';

/** L + M. */
const wholeLeaseMs = 2_250;

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let link: Link;
let remote: ServiceHandle;
let authorization: string;
let admin: Pool;

beforeAll(async () => {
  stack = await startStack();
  admin = createPool(stack.secrets.databaseAdminUrl, { name: 'test', max: 1 });
  link = await Link.to(Number(new URL(stack.state.natsUrl).port));
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  await link?.close();
  await admin?.end();
});

const revoke = async ({ token }: { token: { id: string } }) =>
  must(200, await acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`)));

const reasonOf = async ({ secret }: { secret: string }, verifier: Caller) =>
  must(200, await verifier('POST', '/v1/verify', { token: secret })).reason;
/** The verifier behind the link. */
const atRemote: Caller = (method, path, body) => request(remote.url + path, method, body, { authorization });

describe('an authority whose lease rows were lost', () => {
  it('waits for the whole lease: a verifier that it does not know of any more refuses when the revoke returns', async () => {
    const columns = 'log_id, incarnation, verifier, renewal, run, written_by';
    await admin.query(`CREATE TABLE public.copy AS SELECT ${columns} FROM log.leases`);
    remote = await stack.spawn('auth-verifier', { TOLLGATE_NATS_URL: link.url });
    authorization = `Bearer ${await callers.jwt({ sub: 'shop', scope: 'tokens:verify' })}`;
    const watch = new Watch({ remote: httpDoor(remote.url, authorization) });
    try {
      const made = await makeToken(acme);
      const seen = await watch.see(made.secret);
      // It can neither renew its lease nor hear of the revoke. Its row goes with the restore of a copy from before it came.
      link.cut('up', 'down');
      await admin.query(`BEGIN; TRUNCATE log.leases;
        INSERT INTO log.leases (${columns}) SELECT * FROM public.copy; COMMIT; DROP TABLE public.copy`);
      const { result } = await watch.narrow(seen, () => revoke(made));
      expect(result.barrier).toMatchObject({ mode: 'lease-expired' });
      expect(result.barrier.waitedMs).toBeGreaterThanOrEqual(wholeLeaseMs);
      await watch.seeRefused(seen, 5);
      link.heal();
      await eventually(async () => {
        const { body } = await callers.verifier('POST', '/v1/verify', { token: made.secret });
        expect(body).toMatchObject({ reason: 'revoked' });
      });
    } finally {
      link.heal();
      await watch.stop();
    }
    expect(watch.violations).toEqual([]);
  });

  it('vouches for the rows once a whole lease has passed: revokes are fast again', async () => {
    await eventually(async () => {
      const { barrier } = await revoke(await makeToken(acme));
      expect(barrier).toMatchObject({ verifiers: 2, mode: 'acknowledged' });
    }, 10_000);
  });

  it('and whose log went back with them: what verifiers held of it is dropped, and a revoke holds', async () => {
    const kept = await makeToken(acme);
    const copy = await copyPostgres(stack);
    const lost = await eventually(() => makeToken(acme), 10_000);
    await eventually(async () => expect(await reasonOf(lost, atRemote)).toBeUndefined(), 10_000);

    // It hears what follows and can ask for nothing: what it hears must not go on top of what it has of the lost log.
    link.cut('up');
    await copy.restore();
    const { barrier } = await eventually(() => revoke(kept), 10_000);
    expect(barrier).toMatchObject({ mode: 'lease-expired' });
    for (let n = 0; n < 3; n++) await makeToken(acme);
    // Longer than any request for a lease waits: those that name the lost event are answered no more.
    await sleep(wholeLeaseMs);
    link.heal();
    // At the position where the lost token was created the log holds the revocation now.
    for (const verifier of [callers.verifier, atRemote])
      await eventually(async () => expect(await reasonOf(lost, verifier)).toBe('unknown'), 10_000);
    expect(await reasonOf(kept, atRemote)).toBe('revoked');
    expect(await reasonOf(kept, callers.verifier)).toBe('revoked');
  });

  it('takes a new start of Postgres for a loss, since the data directory may be an older one', async () => {
    const made = await makeToken(acme);
    await stack.postgres.stop();
    await stack.postgres.start();
    let answer;
    await eventually(async () => (answer = await revoke(made)), 10_000);
    expect(answer).toMatchObject({ barrier: { mode: 'lease-expired' } });
  });
});
