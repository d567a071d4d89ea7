import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Caller,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  request,
  type Organization,
} from '../support/api.ts';
import { type Charging, startCharging } from '../support/charging.ts';
import { eventually } from '../support/eventually.ts';

/** How often billing-meter is killed under charges; the long form sets it to 50. */
const kills = Number(process.env['TOLLGATE_TEST_KILLS'] ?? 5);

let stack: TestStack;
let operator: Caller;
let shop: Caller;
let verify: (body: object) => Promise<{ valid: boolean; code: string }>;
let acme: Organization;
let tokenId: string;
let secret: string;

beforeAll(async () => {
  stack = await startStack();
  const callers = await callersOf(stack);
  operator = callers.operator;
  const authorization = `Bearer ${await callers.jwt({ sub: 'shop', scope: 'charges:write' })}`;
  shop = (method, path, body) => request(stack.verifierUrl + path, method, body, { authorization });
  verify = async (body) => must(200, await callers.verifier('POST', '/v1/verify', body));
  acme = await makeOrganization(callers);
  const made = await makeToken(acme);
  tokenId = made.token.id;
  secret = made.secret;
}, 60_000);
afterAll(() => stack?.stop());

const topUp = (amountMicros: string, reference: string) =>
  operator('POST', acme.at('/balance/top-ups'), { amountMicros, reference });
const balance = async () => must(200, await acme.owner('GET', acme.at('/balance')));

type Json = any;

async function feed(): Promise<Json[]> {
  const items: Json[] = [];
  for (let after = 0; ;) {
    const page = must(200, await acme.owner('GET', acme.at(`/billing/events?limit=200&after=${after}`)));
    items.push(...page.items);
    if (!page.more) return items;
    after = page.after;
  }
}

describe('a paid call over HTTP', () => {
  it('is paid from the balance that the operator topped up, once for a reference', async () => {
    const booked = must(201, await topUp('1000', 'invoice 1'));
    expect(must(201, await topUp('1000', 'invoice 1'))).toEqual(booked);
    expect(await topUp('1001', 'invoice 1')).toMatchObject({ status: 422, body: { code: 'REFERENCE_REUSED' } });
    expect(await balance()).toMatchObject({ availableMicros: '1000', toppedUpMicros: '1000' });
    const asked = { chargeId: 'first', tokenId, tool: 'search', maxAmountMicros: '400' };
    const reserved = must(201, await shop('POST', '/v1/charges', asked));
    expect(reserved).toMatchObject({ charge: { id: 'first', status: 'reserved' } });
    expect(must(200, await shop('POST', '/v1/charges/first/capture', { amountMicros: '250' }))).toMatchObject({
      charge: { status: 'captured', amountMicros: '250' },
    });
    expect(must(201, await shop('POST', '/v1/charges', asked))).toEqual(reserved);
    expect(await balance()).toMatchObject({ availableMicros: '750', heldMicros: '0', capturedMicros: '250' });
  });

  it('is refused as what it is', async () => {
    const asked = { chargeId: 'refused', tokenId, tool: 'search', maxAmountMicros: '751' };
    const answers = [
      await shop('POST', '/v1/charges', asked),
      await shop('POST', '/v1/charges', { ...asked, maxAmountMicros: '1' }),
      await shop('POST', '/v1/charges', { ...asked, chargeId: 'other', maxAmountMicros: '1.5' }),
      await shop('POST', '/v1/charges', []),
      await shop('POST', '/v1/charges/first/capture', { amountMicros: '250', id: 'other' }),
      await shop('POST', '/v1/charges/unknown/capture', { amountMicros: '250' }),
      await shop('POST', '/v1/charges/first/release', {}),
      await acme.owner('GET', acme.at('/charges/first')),
    ];
    expect(answers.map(({ status, body }) => [status, body.code ?? body.status])).toEqual([
      [402, 'INSUFFICIENT_BALANCE'],
      [422, 'CHARGE_ID_REUSED'],
      [400, 'INVALID_INPUT'],
      [400, 'INVALID_INPUT'],
      [400, 'INVALID_INPUT'],
      [404, 'NOT_FOUND'],
      [409, 'CHARGE_CLOSED'],
      [200, 'captured'],
    ]);
    const nobody = await request(`${stack.verifierUrl}/v1/charges`, 'POST', '{');
    expect(nobody).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    expect(await acme.owner('POST', acme.at('/balance/top-ups'), { amountMicros: '1', reference: 'x' })).toMatchObject({
      status: 403,
    });
    expect(await acme.member('GET', acme.at('/balance'))).toMatchObject({ status: 403 });
  });

  it('is turned away by the verifier once that has heard of the balance', async () => {
    // What it heard before may be the balance while the charge still held more.
    await eventually(async () => {
      expect(await verify({ token: secret, costMicros: '751' })).toMatchObject({ code: 'INSUFFICIENT_BALANCE' });
      expect(await verify({ token: secret, costMicros: '750' })).toMatchObject({ valid: true });
    });
    must(201, await topUp('1', 'invoice 2'));
    await eventually(async () => {
      expect(await verify({ token: secret, costMicros: '751' })).toMatchObject({ valid: true });
    });
  });
});

describe(`billing-meter killed ${kills} times under charges`, () => {
  let charging: Charging;

  it('answers each request once it is back', async () => {
    must(201, await topUp('500000', 'invoice 3'));
    charging = startCharging(shop, tokenId, 8);
    const meter = stack.service('billing-meter');
    for (let kill = 0; kill < kills; kill++) {
      const enough = charging.calls.length + 20 + 7 * (kill % 10);
      await eventually(() => expect(charging.calls.length).toBeGreaterThan(enough), 30_000);
      await meter.kill('SIGKILL');
      await meter.ready();
    }
    await charging.stop();
    expect(charging.repeated).toBeGreaterThan(0);
  }, 600_000);

  it('has lost none and doubled none: each request has its answer for ever, and its events once', async () => {
    const differing: string[] = [];
    for (const { answers } of charging.calls.slice(-500)) {
      for (const { path, body, answer } of answers) {
        const again = await shop('POST', path, body);
        const [first, second] = [answer, again].map(({ status, body: { requestId: _, ...rest } }) => ({
          status,
          rest,
        }));
        if (JSON.stringify(first) !== JSON.stringify(second))
          differing.push(`${path}: ${JSON.stringify([first, second])}`);
      }
    }
    expect(differing).toEqual([]);
    const told = (await feed()).filter(({ type }) => type.startsWith('charge.'));
    const typesOf = new Map<string, string[]>();
    for (const { type, data } of told)
      typesOf.set(data.chargeId, [...(typesOf.get(data.chargeId) ?? []), type.split('.')[1]]);
    const expected = charging.calls.map(({ chargeId, answers }) => [
      chargeId,
      answers.map(({ answer }) => (answer.status === 402 ? 'declined' : answer.body.charge.status)),
    ]);
    expect(expected.map(([chargeId]) => [chargeId, typesOf.get(chargeId as string)])).toEqual(expected);
  }, 120_000);

  it('keeps the money together, the sequence without gap, and books that agree with their rebuild', async () => {
    const { availableMicros, heldMicros, toppedUpMicros, capturedMicros } = await balance();
    const captured = charging.calls
      .flatMap(({ answers }) => answers)
      .filter(({ answer }) => answer.body.charge?.status === 'captured')
      .reduce((sum, { answer }) => sum + BigInt(answer.body.charge.amountMicros), 250n);
    expect(capturedMicros).toBe(String(captured));
    expect(BigInt(availableMicros) + BigInt(heldMicros)).toBe(BigInt(toppedUpMicros) - captured);
    const events = await feed();
    expect(events.map(({ sequence }) => Number(sequence))).toEqual(events.map((_, index) => index + 1));
    expect(must(200, await operator('POST', '/v1/billing/reconcile', {}))).toMatchObject({
      agrees: true,
      differences: [],
    });
    expect(must(200, await operator('POST', '/v1/projections/ledger/rebuild'))).toMatchObject({ identical: true });
  }, 120_000);
});
