import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { eventHeaders, streams } from '@tollgate/contracts';
import { startStack, type TestStack } from '@tollgate/stack';
import { type Callers, callersOf, makeOrganization, must, type Organization } from '../support/api.ts';
import { connectWithoutLimits } from '../support/bus-user.ts';
import { eventually } from '../support/eventually.ts';
import { type Load, startLoad } from '../support/load.ts';
import { writtenSoFar } from '../support/log.ts';
import { expectAcknowledgedInLog, expectRebuildsIdentical, expectSecretsDecided } from '../support/promises.ts';

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let load: Load;
let nc: NatsConnection;
let jetstream: JetStreamManager;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  nc = await connectWithoutLimits(stack);
  jetstream = await jetstreamManager(nc);
  load = startLoad(acme, 50);
}, 60_000);
afterAll(async () => {
  await load?.stop();
  await nc?.close();
  await stack?.stop();
});

const lastSequence = async () => (await jetstream.streams.info(streams.events)).state.last_seq;

describe('the stream of events is deleted twice under 50 commands a second', () => {
  it.each([1, 2])('deletion %i: the stream comes back, and commands go on', async () => {
    await eventually(async () => expect(await lastSequence()).toBeGreaterThan(50), 15_000);
    const acknowledged = load.acknowledged.length;
    await jetstream.streams.delete(streams.events);
    await eventually(async () => expect(await lastSequence()).toBeGreaterThan(20), 15_000);
    await eventually(() => expect(load.acknowledged.length).toBeGreaterThan(acknowledged + 50), 15_000);
    expect([...load.refusals.keys()].filter((refusal) => refusal !== '503 SERVICE_UNAVAILABLE')).toEqual([]);
  });

  it('the read models follow all the while', async () => {
    const { position } = load.acknowledged.at(-1) as { position: number };
    for (const path of ['/tokens', '/billing/seats', '/audit'])
      await eventually(async () => {
        must(200, await acme.owner('GET', acme.at(`${path}?limit=1&atLeast=${position}`)));
      }, 30_000);
  });

  it('nothing that was acknowledged is missing, and every read model equals its rebuild', async () => {
    await load.stop();
    await expectAcknowledgedInLog(stack, load);
    await expectSecretsDecided(callers, load.tokens);
    await expectRebuildsIdentical(callers);
  });

  it('the stream has the newest events, in order', async () => {
    const { head } = await writtenSoFar(stack);
    await eventually(async () => {
      const { state } = await jetstream.streams.info(streams.events);
      const positions: number[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const message = await jetstream.streams.getMessage(streams.events, { seq });
        positions.push(Number(message?.header.get(eventHeaders.position)));
      }
      expect(positions.at(-1)).toBe(head);
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    });
  });
});
