import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { ObservableResult } from '@opentelemetry/api';
import type { BusClient } from '@tollgate/bus';
import {
  witnessHeads,
  witnessLeaves,
  witnessLeavesMax,
  witnessProof,
  witnessReport,
  type OutputOf,
} from '@tollgate/contracts';
import {
  cosign,
  formatVerifierKey,
  Frontier,
  hashBytes,
  parseCheckpoint,
  type Checkpoint,
  type SigningKey,
  type VerifierKey,
} from '@tollgate/proof';
import { type HealthRegistry, Loop } from '@tollgate/runtime';
import { createLogger, meter } from '@tollgate/telemetry';
import { alteredHashes, judge, judgeEntries, type Judgement } from '../domain/judgement.ts';
import type { Memory } from './memory.ts';

const everyMs = 1_000;
/** Pages of entries that are read again in one round: about a thousand hashes a second, whatever the log's size. */
const pagesPerRound = 2;
/** Reading again takes at most one part in so many of the time: on a busy machine it waits rather than be in the way. */
const restShare = 25;

const logger = createLogger('witness');

/** A reading of a tree's entries from the first one on, a page at a time. */
interface Reading {
  readonly held: Checkpoint;
  readonly grown: Frontier;
}

/**
 * In each round: cosigns the trees that have grown, reports what has not been reported, and reads some of the entries of the
 * trees again, one tree after the other, so that sooner or later an alteration of any of them is seen.
 */
@Injectable()
export class WitnessLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #bus: BusClient;
  readonly #memory: Memory;
  readonly #key: SigningKey;
  /** What was said and not taken yet. After a start everything is said again. */
  readonly #unreported: Set<string>;
  readonly #reading: { tree: string | null; state: Reading | null } = { tree: null, state: null };
  #restUntilMs = 0;
  #seen = false;
  readonly #loop = new Loop({
    everyMs,
    round: () => this.#round(),
    // Whatever could not be asked is asked again: only what was shown is ever refused.
    onFailure: (err) => logger.warn({ err }, 'the log could not be looked at; trying again'),
  });

  constructor(bus: BusClient, health: HealthRegistry, memory: Memory, key: SigningKey) {
    this.#bus = bus;
    this.#memory = memory;
    this.#key = key;
    this.#unreported = new Set(memory.trees.keys());
    health.warn('audit-projector', () => this.#trouble());
    health.warn('refused trees', () => this.#refusals());
    meter
      .createObservableGauge('tollgate_witness_refused_trees', {
        description: 'Trees of the audit log that this witness cosigns no more',
      })
      .addCallback((result: ObservableResult) => result.observe(this.#refusals().length));
  }

  onApplicationBootstrap(): void {
    this.#loop.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#loop.stop();
  }

  async #round(): Promise<void> {
    const { heads, key } = await this.#heads();
    const changed = [...new Set([...heads.keys(), ...this.#memory.trees.keys()])].filter(
      (tree) => this.#held(tree)?.size !== (heads.get(tree) ?? 0),
    );
    const failures = [
      ...(await inTurn(changed, (tree) => this.#look(tree, key))),
      ...(await this.#readSomeAgain()),
      ...(await inTurn([...this.#unreported], (tree) => this.#report(tree))),
    ];
    if (failures.length > 0) throw failures[0];
    this.#seen = true;
  }

  async #readSomeAgain(): Promise<unknown[]> {
    const startedMs = performance.now();
    if (startedMs < this.#restUntilMs) return [];
    const failures = await inTurn(Array(pagesPerRound).fill(null), () => this.#readAgain());
    this.#restUntilMs = startedMs + (performance.now() - startedMs) * restShare;
    return failures;
  }

  async #heads(): Promise<{ heads: Map<string, number>; key: VerifierKey }> {
    const heads = new Map<string, number>();
    for (let after: string | null = null; ;) {
      // What the log says is not trusted: the name of a tree becomes the name of a file.
      const page: OutputOf<typeof witnessHeads> = witnessHeads.output.parse(
        await this.#bus.call(witnessHeads, { after }),
      );
      for (const { tree, size } of page.trees) heads.set(tree, size);
      if (page.next === null) return { heads, key: await this.#memory.logKey(page.key) };
      after = page.next;
    }
  }

  async #look(tree: string, key: VerifierKey): Promise<void> {
    if (this.#isRefused(tree)) return;
    const held = this.#held(tree);
    const shown = await this.#bus.call(witnessProof, { tree, from: held?.size ?? 0 });
    const path = shown.path.map((hash) => Buffer.from(hash, 'base64'));
    const judgement = judge(tree, held, { note: shown.note, path }, key);
    if (judgement.kind !== 'larger') return this.#obey(tree, judgement);
    const note = shown.note as string;
    const cosignature = cosign(note, this.#key, Math.floor(Date.now() / 1000));
    await this.#memory.remember(tree, { note, cosignature, refused: null });
    this.#unreported.add(tree);
  }

  /** One page more, where the last one stopped; the tree after the last one is the first. */
  async #readAgain(): Promise<void> {
    const { tree, held, grown } = this.#reading.state ? this.#current() : this.#next();
    if (!tree || !held || !grown) return;
    // Should the answer fail to come, the next page begins with the next tree.
    this.#reading.state = null;
    const begin = grown.size;
    const end = Math.min(held.size, begin + witnessLeavesMax);
    const answer = await this.#bus.call(witnessLeaves, { tree, begin, end });
    const leaves = hashesOf(answer.leaves);
    const nodes = leaves.flatMap((leaf) => grown.append(leaf));
    if (!Buffer.concat(nodes).equals(Buffer.from(answer.nodes, 'base64'))) {
      return this.#obey(tree, { kind: 'refused', reason: alteredHashes(begin, end) });
    }
    if (grown.size === end && end < held.size) this.#reading.state = { held, grown };
    else await this.#obey(tree, judgeEntries(held, { size: grown.size, root: grown.root() }));
  }

  #current(): { tree: string | null } & Partial<Reading> {
    return { tree: this.#reading.tree, ...this.#reading.state };
  }

  #next(): { tree: string | null } & Partial<Reading> {
    const trees = [...this.#memory.trees.keys()].filter((tree) => !this.#isRefused(tree)).toSorted();
    const tree = trees.find((each) => each > (this.#reading.tree ?? '')) ?? trees[0] ?? null;
    this.#reading.tree = tree;
    const held = tree === null ? null : this.#held(tree);
    return held ? { tree, held, grown: new Frontier() } : { tree };
  }

  async #obey(tree: string, judgement: Judgement): Promise<void> {
    if (judgement.kind !== 'refused' || this.#isRefused(tree)) return;
    const known = this.#memory.trees.get(tree);
    logger.error({ tree, reason: judgement.reason }, 'a tree is refused');
    await this.#memory.remember(tree, {
      note: known?.note ?? null,
      cosignature: known?.cosignature ?? null,
      refused: judgement.reason,
    });
    this.#unreported.add(tree);
  }

  async #report(tree: string): Promise<void> {
    const known = this.#memory.trees.get(tree);
    const held = this.#held(tree);
    const refused = known?.refused ?? null;
    const cosigned =
      refused === null && held && known?.cosignature ? { size: held.size, line: known.cosignature } : null;
    await this.#bus.call(witnessReport, { key: formatVerifierKey(this.#key), tree, cosigned, refused });
    this.#unreported.delete(tree);
  }

  /** Its signature was checked before it was remembered. */
  #held(tree: string): Checkpoint | null {
    const note = this.#memory.trees.get(tree)?.note ?? null;
    return note === null ? null : parseCheckpoint(note);
  }

  #isRefused(tree: string): boolean {
    return (this.#memory.trees.get(tree)?.refused ?? null) !== null;
  }

  #trouble(): string | null {
    if (this.#loop.failure) return 'the audit log cannot be looked at right now';
    return this.#seen ? null : 'has not seen the log yet';
  }

  #refusals(): string[] {
    return [...this.#memory.trees].flatMap(([tree, { refused }]) => (refused === null ? [] : [`${tree}: ${refused}`]));
  }
}

/** Does it for each, also when it fails for some; returns the failures. */
async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const item of items) await work(item).catch((error: unknown) => failures.push(error));
  return failures;
}

function hashesOf(base64: string): Buffer[] {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: Math.floor(bytes.length / hashBytes) }, (_, at) =>
    bytes.subarray(at * hashBytes, (at + 1) * hashBytes),
  );
}
