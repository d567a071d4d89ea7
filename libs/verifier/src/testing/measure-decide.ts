/**
 * Run by `uniform-time.unit.test.ts` as a program of its own: under Jest every use of a global leaves the compiled code, and
 * that would be measured instead. Prints the largest |t| between any two kinds of secrets, as JSON.
 * With the argument `early-exit`, `decide` returns as soon as it knows that a secret is unknown: the fault that must be noticed.
 */
import assert from 'node:assert/strict';
import type { VerifyRequest } from '@tollgate/contracts';
import { digestSecret, digestSecretWords } from '@tollgate/credential';
import { decide, type DecisionCore } from '../decide.ts';
import { Replica } from '../replica.ts';
import { directory, happened, recorded, secretOf, tokenCreated } from './events.ts';
import { welchT } from './welch.ts';

/**
 * Each sample has a secret of its own, presented once: secrets that came again would be told apart by where their rows happen
 * to lie in the processor's caches. The first ones only warm the code up.
 */
const samplesEach = 10_000;
const warmUpEach = 5_000;
/** The slowest share of the samples, in which the machine did something else. */
const trimmedShare = 0.1;
const now = Date.parse('2026-06-01T00:00:00.000Z');

const kinds = ['unknown', 'tampered', 'revoked', 'superseded', 'expired', 'foreign', 'inactive'] as const;
type Kind = (typeof kinds)[number];
const reasons: Record<Kind, string> = {
  unknown: 'unknown',
  tampered: 'unknown',
  revoked: 'revoked',
  superseded: 'superseded',
  expired: 'expired',
  foreign: 'product',
  inactive: 'inactive',
};

const numbers = Array.from({ length: warmUpEach + samplesEach }, (_, n) => n);
const secretOfKind = (kind: Kind, n: number, salt = 0) => secretOf(1_000_000 * (10 * salt + kinds.indexOf(kind)) + n);

/** Events that make the token behind a secret what its kind says. A tampered secret is a valid one with another random part. */
function tokenOf(kind: Kind, n: number) {
  if (kind === 'unknown') return [];
  const tokenId = `tok_01arz3ndektsv4rr${kinds.indexOf(kind)}${String(n).padStart(9, '0')}`;
  const secret = secretOfKind(kind, n, kind === 'tampered' ? 1 : 0);
  const created = tokenCreated(secret, {
    tokenId,
    ...(kind === 'expired' ? { expiresAt: '2026-05-01T00:00:00.000Z' } : {}),
    ...(kind === 'foreign' ? { product: 'other' } : {}),
  });
  if (kind === 'revoked') return [created, happened('TokenRevoked', { tokenId, reason: null })];
  if (kind === 'inactive') return [created, happened('TokenDeactivated', { tokenId, reason: null })];
  if (kind !== 'superseded') return [created];
  const [digest, previousDigest] = [digestSecret(secretOfKind(kind, n, 1)), digestSecret(secret)];
  const rest = { hint: '', prefix: '', overlapUntil: null, reason: null };
  return [created, happened('TokenRegenerated', { tokenId, digest, previousDigest, ...rest })];
}

function shuffle<T>(list: T[]): T[] {
  for (let index = list.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [list[index], list[other]] = [list[other]!, list[index]!];
  }
  return list;
}

const pairs = numbers.flatMap((n) => kinds.map((kind) => ({ kind, n })));
const replica = new Replica('log-1');
const tokens = shuffle([...pairs]).flatMap(({ kind, n }) => tokenOf(kind, n));
for (const event of recorded([...directory, ...tokens])) replica.apply(event);
const presented = shuffle(pairs).map(({ kind, n }) => ({ kind, token: secretOfKind(kind, n) }));
const warmUp = presented.splice(0, warmUpEach * kinds.length);

type Decide = (replica: Replica, request: VerifyRequest, nowMs: number) => DecisionCore;

/** Nanoseconds of each decision, by kind. */
function measure(decideOnce: Decide, list: typeof presented): Map<Kind, number[]> {
  const samples = new Map<Kind, number[]>(kinds.map((kind) => [kind, []]));
  for (const { kind, token } of list) {
    const request = { token };
    // Read once before: the secret has just come in with the request, and is warm.
    let warm = 0;
    for (let index = 0; index < token.length; index++) warm ^= token.charCodeAt(index);
    const started = process.hrtime.bigint();
    const decision = decideOnce(replica, request, now);
    const ended = process.hrtime.bigint();
    assert(warm < 128 && decision.reason === reasons[kind]);
    samples.get(kind)!.push(Number(ended - started));
  }
  return samples;
}

/** The largest |t| of any two kinds. */
function worstOf(samples: Map<Kind, number[]>): { t: number; pair: string } {
  const trimmed = kinds.map((kind) => {
    const sorted = samples.get(kind)!.sort((a, b) => a - b);
    return sorted.slice(0, Math.round(sorted.length * (1 - trimmedShare)));
  });
  let worst = { t: 0, pair: '' };
  for (let a = 0; a < kinds.length; a++) {
    for (let b = a + 1; b < kinds.length; b++) {
      const t = Math.abs(welchT(trimmed[a]!, trimmed[b]!));
      if (t > worst.t) worst = { t, pair: `${kinds[a]} and ${kinds[b]}` };
    }
  }
  return worst;
}

const words = new Int32Array(8);
const withEarlyExit: Decide = (state, request, nowMs) => {
  const { known } = state.tokens.identify(digestSecretWords(request.token!, words));
  return known ? decide(state, request, nowMs) : { valid: false, code: 'TOKEN_INVALID', reason: 'unknown' };
};

const measured = process.argv[2] === 'early-exit' ? withEarlyExit : decide;
measure(measured, warmUp);
process.stdout.write(JSON.stringify(worstOf(measure(measured, presented))));
