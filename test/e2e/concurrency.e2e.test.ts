import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Answer,
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  type Organization,
} from '../support/api.ts';
import { askDatabase, holesIn, writtenSoFar } from '../support/log.ts';
import { expectRebuildsIdentical } from '../support/promises.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;

/** Two processes of the write side: races are between transactions of Postgres as well as inside one process's batches. */
beforeAll(async () => {
  stack = await startStack();
  await stack.spawn('token-command');
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
}, 60_000);
afterAll(() => stack?.stop());

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const together = <T>(count: number, start: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(times(count, start));
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status).toSorted();
const makeTokens = (count: number) => together(count, async (index) => makeToken(acme, { name: `Token ${index}` }));

const rename = (id: string, name: string, version?: number) => {
  const headers: Record<string, string> = version === undefined ? {} : { 'if-match': `"${version}"` };
  return acme.owner('PATCH', acme.at(`/tokens/${id}`), { name }, headers);
};
const eventsOf = async (stream: string) =>
  askDatabase<{ type: string; version: number }>(
    stack,
    'SELECT type, version FROM log.events WHERE stream = $1 ORDER BY version',
    [stream],
  );

describe('two changes of one token at once', () => {
  it('with the same If-Match: one wins, the other gets 412, for each of 30 tokens', async () => {
    const tokens = await makeTokens(30);
    const pairs = await Promise.all(
      tokens.map(({ token }) => Promise.all([rename(token.id, 'Left', 1), rename(token.id, 'Right', 1)])),
    );
    for (const [index, pair] of pairs.entries()) {
      expect(statuses(pair)).toEqual([200, 412]);
      const winner = pair.find(({ status }) => status === 200) as Answer;
      const loser = pair.find(({ status }) => status === 412) as Answer;
      expect(winner.body.token).toMatchObject({ version: 2, name: winner === pair[0] ? 'Left' : 'Right' });
      expect(winner.headers.get('etag')).toBe('"2"');
      expect(loser.body.code).toBe('VERSION_MISMATCH');
      const { id } = tokens[index]?.token as { id: string };
      expect(await eventsOf(`token-${id}`)).toEqual([
        { type: 'TokenCreated', version: 1 },
        { type: 'TokenRenamed', version: 2 },
      ]);
    }
  });

  it('of different kinds with the same If-Match: one wins', async () => {
    const tokens = await makeTokens(10);
    for (const { token } of tokens) {
      const headers = { 'if-match': '"1"' };
      const answers = await Promise.all([
        rename(token.id, 'Renamed', 1),
        acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`), {}, headers),
        acme.owner('POST', acme.at(`/tokens/${token.id}/deactivate`), {}, headers),
      ]);
      expect(statuses(answers)).toEqual([200, 412, 412]);
    }
  });

  it('without If-Match: all are done, one after the other', async () => {
    const { token } = await makeToken(acme);
    const answers = await together(20, (index) => rename(token.id, `Name ${index}`));
    expect(statuses(answers)).toEqual(Array(20).fill(200));
    const versions = answers.map(({ body }) => body.token.version as number).toSorted((a, b) => a - b);
    expect(versions).toEqual(times(20, (index) => index + 2));
  });

  it('revoked ten times at once, it is revoked once', async () => {
    const { token } = await makeToken(acme);
    const answers = await together(10, () => acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`)));
    expect(statuses(answers)).toEqual(Array(10).fill(200));
    expect(new Set(answers.map(({ body }) => body.position)).size).toBe(1);
    expect((await eventsOf(`token-${token.id}`)).map(({ type }) => type)).toEqual(['TokenCreated', 'TokenRevoked']);
  });
});

describe('a conflict among commands that are written together', () => {
  it('fails none of the others', async () => {
    const tokens = await makeTokens(51);
    const contested = tokens.pop()?.token.id as string;
    const before = (await writtenSoFar(stack))['head'] as number;
    const [fine, racing] = await Promise.all([
      Promise.all(tokens.map(({ token }, index) => rename(token.id, `Renamed ${index}`, 1))),
      together(20, (index) => rename(contested, `Contested ${index}`, 1)),
    ]);
    expect(statuses(fine)).toEqual(Array(50).fill(200));
    expect(statuses(racing)).toEqual([200, ...Array(19).fill(412)]);
    expect((await writtenSoFar(stack))['head']).toBe(before + 51);
    expect(await holesIn(stack)).toEqual([]);
    const positions = [...fine, ...racing].flatMap(({ body }) => (body.position ? [body.position] : []));
    expect(positions.toSorted((a, b) => a - b)).toEqual(times(51, (index) => before + index + 1));
  });

  it('and they were written together: fewer transactions than events', async () => {
    const [{ events, transactions } = { events: 0, transactions: 0 }] = await askDatabase<{
      events: number;
      transactions: number;
    }>(stack, 'SELECT count(*)::int AS events, count(DISTINCT xmin::text)::int AS transactions FROM log.events');
    expect(transactions).toBeLessThan(events * 0.9);
  });
});

describe('the last owner', () => {
  it('stays when two owners take the role from each other at once, 20 times', async () => {
    const own = await makeOrganization(callers);
    const rival = { id: own.memberId, call: own.member };
    let owners = [{ id: own.ownerId, call: own.owner }, rival] as const;
    const setRole = (by: typeof rival, id: string, role: string) =>
      by.call('PUT', own.at(`/accounts/${id}/role`), { role });
    must(200, await setRole(owners[0], rival.id, 'owner'));
    for (let round = 0; round < 20; round++) {
      const [first, second] = owners;
      const answers = await Promise.all([setRole(first, second.id, 'member'), setRole(second, first.id, 'member')]);
      const won = answers.findIndex(({ status }) => status === 200);
      expect(answers[won]?.status).toBe(200);
      const lost = answers[1 - won] as Answer;
      expect([lost.status, lost.body.code]).toEqual(lost.status === 403 ? [403, 'FORBIDDEN'] : [422, 'LAST_OWNER']);
      const [left, gone] = won === 0 ? [first, second] : [second, first];
      const { items } = must(200, await left.call('GET', own.at(`/accounts?atLeast=${answers[won]?.body.position}`)));
      const roles = items.map(({ id, role }: { id: string; role: string }) => (role === 'owner' ? id : null));
      expect(roles.filter(Boolean)).toEqual([left.id]);
      must(200, await setRole(left, gone.id, 'owner'));
      owners = [gone, left];
    }
  });

  it('stays when two owners off-board each other at once', async () => {
    for (let round = 0; round < 5; round++) {
      const own = await makeOrganization(callers);
      must(200, await own.owner('PUT', own.at(`/accounts/${own.memberId}/role`), { role: 'owner' }));
      const deactivate = (by: Organization['owner'], id: string) => by('POST', own.at(`/accounts/${id}/deactivate`));
      const answers = await Promise.all([deactivate(own.owner, own.memberId), deactivate(own.member, own.ownerId)]);
      expect(statuses(answers)[0]).toBe(200);
      expect([403, 422]).toContain(statuses(answers)[1]);
    }
  });
});

describe('an Idempotency-Key', () => {
  it('sent 20 times at once makes one token, and all answers are about it', async () => {
    for (let round = 0; round < 3; round++) {
      const body = {
        name: 'Once',
        accountId: acme.service.id,
        scope: { type: 'multi-space' },
        acknowledgeBilling: true,
      };
      const before = await writtenSoFar(stack);
      const headers = { 'idempotency-key': `once-${round}` };
      const answers = await together(20, () => acme.owner('POST', acme.at('/tokens'), body, headers));
      expect(statuses(answers)).toEqual(Array(20).fill(201));
      const [first] = answers.filter(({ body: { secret } }) => secret !== null);
      expect(first?.body.secret).toMatch(/^sk_live_/);
      for (const { body: again } of answers.filter((answer) => answer !== first))
        expect(again).toEqual({ ...first?.body, secret: null, secretAlreadyShown: true });
      expect((await writtenSoFar(stack))['head']).toBe((before['head'] as number) + 1);
      const verified = must(
        200,
        await callers.verifier('POST', '/v1/verify', { token: first?.body.secret, atLeast: first?.body.position }),
      );
      expect(verified).toMatchObject({ valid: true, tokenId: first?.body.token.id });
    }
  });

  it('sent 20 times at once with 20 bodies: one is done, the others are told so', async () => {
    const headers = { 'idempotency-key': 'many-bodies' };
    const before = await writtenSoFar(stack);
    const answers = await together(20, (index) =>
      acme.owner('POST', acme.at('/spaces'), { name: `Space ${index}` }, headers),
    );
    expect(statuses(answers)).toEqual([201, ...Array(19).fill(422)]);
    const refused = answers.filter(({ status }) => status === 422);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['IDEMPOTENCY_KEY_REUSED']));
    expect((await writtenSoFar(stack))['head']).toBe((before['head'] as number) + 1);
  });

  it('sent 10 times at once revokes once, and every answer comes after its barrier', async () => {
    const { token, secret, position } = await makeToken(acme);
    must(200, await callers.verifier('POST', '/v1/verify', { token: secret, atLeast: position }));
    const headers = { 'idempotency-key': 'revoke-once' };
    const answers = await together(10, async () => {
      const answer = await acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`), {}, headers);
      const decision = must(200, await callers.verifier('POST', '/v1/verify', { token: secret }));
      expect(decision).toMatchObject({ valid: false, reason: 'revoked' });
      return answer;
    });
    expect(statuses(answers)).toEqual(Array(10).fill(200));
    for (const { body } of answers) expect(body.barrier).toMatchObject({ verifiers: 1, mode: 'acknowledged' });
  });
});

describe('two processes of the write side', () => {
  it('agree afterwards: the log has no hole, and every read model equals its rebuild', async () => {
    expect(await holesIn(stack)).toEqual([]);
    await expectRebuildsIdentical(callers);
  });
});
