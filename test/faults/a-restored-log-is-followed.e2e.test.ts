import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '@tollgate/stack';
import {
  type Callers,
  callersOf,
  makeOrganization,
  makeToken,
  must,
  request,
  type Organization,
} from '../support/api.ts';
import { startCharging } from '../support/charging.ts';
import { eventually } from '../support/eventually.ts';
import { startLoad } from '../support/load.ts';
import { holesIn } from '../support/log.ts';
import { projections } from '../support/promises.ts';
import { copyPostgres } from '../support/restore.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
}, 60_000);
afterAll(() => stack?.stop());

/** Long enough for events to wait in every service, and for some to be applied. */
const whileMs = 1_000;

describe('an older data directory of Postgres is put back under load, while every service lives', () => {
  it.each([1, 2])(
    'restore %i: what was lost is nowhere any more, and every read model equals its rebuild',
    async (round) => {
      const topUp = { amountMicros: '1000000', reference: `invoice ${round}` };
      must(201, await callers.operator('POST', acme.at('/balance/top-ups'), topUp));
      const made = await makeToken(acme);
      const load = startLoad(acme, 50);
      const authorization = `Bearer ${await callers.jwt({ sub: 'shop', scope: 'charges:write' })}`;
      const shop = (method: string, path: string, body?: unknown) =>
        request(stack.verifierUrl + path, method, body, { authorization });
      const charging = startCharging(shop, made.token.id, 2, `${round}.`);
      try {
        await sleep(whileMs);
        const copy = await copyPostgres(stack);
        await eventually(() => makeToken(acme));
        await sleep(whileMs);
        await copy.restore();
        await eventually(() => makeToken(acme));
        await sleep(whileMs);
      } finally {
        await Promise.all([load.stop(), charging.stop()]);
      }
      const { position } = await makeToken(acme);
      for (const path of ['/tokens', '/billing/seats', '/audit'])
        must(200, await acme.owner('GET', acme.at(`${path}?limit=1&atLeast=${position}`)));
      must(200, await acme.owner('GET', acme.at('/balance')));
      expect(await holesIn(stack)).toEqual([]);
      for (const projection of projections)
        await eventually(async () => {
          const report = must(200, await callers.operator('POST', `/v1/projections/${projection}/rebuild`));
          expect(report).toMatchObject({ projection, identical: true, differences: [] });
          // The ledger counts in a log of its own.
          if (projection !== 'ledger') expect(report.position).toBeGreaterThanOrEqual(position);
        });
    },
    60_000,
  );
});
