import { randomUUID } from 'node:crypto';
import type { Barrier } from '@tollgate/contracts';
import { makeToken, must, type Answer, type Organization } from '../support/api.ts';
import type { Checker, Watched } from './checker.ts';
import type { Faults } from './faults.ts';
import type { Fleet } from './fleet.ts';
import type { Random } from './random.ts';
import type { Stalls } from './stalls.ts';
import type { Traffic } from './traffic.ts';

export const kinds = ['revoke', 'regenerate', 'deactivate', 'off-board', 'remove-member'] as const;
export type Kind = (typeof kinds)[number];

/** One narrowing call that was answered with 200. */
export interface Returned {
  readonly kind: Kind;
  /** Without the time for which this process itself stood still. */
  readonly tookMs: number;
  readonly barrier: Barrier;
  /** No server of the authority was killed around it: its verifiers alone may have delayed it. */
  readonly verifierFaultsOnly: boolean;
  /** Which call for this token it was: later ones repeat what an earlier one did or began. */
  readonly attempt: number;
}

interface Target {
  readonly watched: Watched;
  narrow(headers: Readonly<Record<string, string>>): Promise<Answer>;
}

export interface Scene {
  readonly organization: Organization;
  readonly checker: Checker;
  readonly fleet: Fleet;
  readonly traffic: Traffic;
  readonly faults: Faults;
  readonly stalls: Stalls;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** A token that no verifier accepts within this time (all may be disturbed) is narrowed all the same. */
const acceptedWithinMs = 2_000;
/** Longer than any barrier; the gateway gives up before. */
const giveUpMs = 120_000;

/** Makes tokens and narrows them in one of five ways, again and again, and tells the checker when a call returned. */
export class Narrowings {
  readonly returned: Returned[] = [];
  /** Calls that were refused or not answered: they promise nothing, and are repeated. */
  unanswered = 0;
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #lanes: Promise<void>[];
  #stopped = false;

  constructor(scene: Scene, random: Random, lanes: number) {
    this.#scene = scene;
    this.#random = random;
    this.#lanes = Array.from({ length: lanes }, (_, lane) => this.#lane(lane));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
  }

  async #lane(lane: number): Promise<void> {
    for (let turn = lane; !this.#stopped; turn += 1) {
      const kind = kinds[turn % kinds.length] as Kind;
      try {
        const target = await this.#prepare(kind);
        await this.#untilAccepted(target.watched);
        await this.#narrow(kind, target);
      } catch {
        // The authority is disturbed: another token, a little later.
        await sleep(200);
      }
    }
  }

  async #prepare(kind: Kind): Promise<Target> {
    const { organization, checker } = this.#scene;
    const { owner, at } = organization;
    if (kind === 'revoke' || kind === 'regenerate' || kind === 'deactivate') {
      const { token, secret } = await makeToken(organization);
      const path = at(`/tokens/${token.id}/${kind}`);
      return { watched: checker.watch(kind, secret), narrow: (headers) => owner('POST', path, {}, headers) };
    }
    const { account } = must(201, await owner('POST', at('/accounts'), { kind: 'service', name: 'n8n' }));
    const membership = at(`/spaces/${organization.space.id}/members/${account.id}`);
    must(200, await owner('PUT', membership, { permissions: ['agents:*'] }));
    const { secret } = await makeToken(organization, { accountId: account.id });
    if (kind === 'remove-member') {
      const wishes = { space: organization.space.id };
      const watched = checker.watch(kind, secret, wishes);
      return { watched, narrow: (headers) => owner('DELETE', membership, undefined, headers) };
    }
    const path = at(`/accounts/${account.id}/deactivate`);
    return { watched: checker.watch(kind, secret), narrow: (headers) => owner('POST', path, {}, headers) };
  }

  async #untilAccepted(watched: Watched): Promise<void> {
    const deadlineMs = performance.now() + acceptedWithinMs;
    while (watched.accepted === 0 && performance.now() < deadlineMs) await sleep(10);
  }

  /** Calls until one call has returned; sometimes two at once, sometimes under one `Idempotency-Key`, sometimes once more. */
  async #narrow(kind: Kind, target: Target): Promise<void> {
    const headers: Record<string, string> = this.#random.chance(0.5) ? { 'idempotency-key': randomUUID() } : {};
    const atOnce = this.#random.chance(0.2) ? 2 : 1;
    const deadlineMs = performance.now() + giveUpMs;
    for (let attempt = 1; performance.now() < deadlineMs; attempt += atOnce) {
      const calls = Array.from({ length: atOnce }, (_, index) => this.#call(kind, target, headers, attempt + index));
      if ((await Promise.all(calls)).includes(true)) break;
      await sleep(50);
    }
    if (this.#random.chance(0.2)) await this.#call(kind, target, headers, Number.POSITIVE_INFINITY);
  }

  async #call(
    kind: Kind,
    target: Target,
    headers: Readonly<Record<string, string>>,
    attempt: number,
  ): Promise<boolean> {
    const { checker, fleet, traffic, faults, stalls } = this.#scene;
    const startedMs = performance.now();
    const answer = await target.narrow(headers).catch(() => null);
    if (answer?.status !== 200) {
      this.unanswered += 1;
      return false;
    }
    checker.returned(target.watched);
    const endedMs = performance.now();
    // At this very moment a violation is most likely. Answers of paused verifiers may take long: nobody waits for them here.
    for (const verifier of fleet.verifiers) void traffic.ask(verifier, target.watched);
    this.returned.push({
      kind,
      tookMs: endedMs - startedMs - stalls.within(startedMs, endedMs),
      barrier: answer.body.barrier,
      verifierFaultsOnly: faults.spared(startedMs, endedMs),
      attempt,
    });
    return true;
  }
}
