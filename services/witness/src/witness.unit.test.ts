import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BusClient } from '@tollgate/bus';
import { witnessHeads, witnessLeaves, witnessProof, witnessReport, type RequestOf } from '@tollgate/contracts';
import {
  consistencyRanges,
  formatVerifierKey,
  Frontier,
  generateSigningKey,
  hashOfRange,
  leafHash,
  loadOrCreateSigningKey,
  openCosignature,
  readSigningKey,
  signCheckpoint,
  withCosignature,
  type NodePlace,
} from '@tollgate/proof';
import { HealthRegistry } from '@tollgate/runtime';
import { Memory } from './adapters/memory.ts';
import { WitnessLoop } from './adapters/witness-loop.ts';

const tree = 'org_1';
const logKey = readSigningKey(generateSigningKey(), 'tollgate-audit');

/** A log that answers as audit-projector does, and lies when it is told to. */
class Log implements BusClient {
  leaves: string[] = [];
  /** What it calls its one tree. */
  name = tree;
  key = logKey;
  readonly reports: RequestOf<typeof witnessReport>[] = [];
  rounds = 0;

  get size() {
    return this.leaves.length;
  }

  grow(count: number, text = 'entry'): this {
    for (let at = 0; at < count; at++) this.leaves.push(`${text} ${this.leaves.length}`);
    return this;
  }

  note(): string {
    const grown = new Frontier();
    for (const leaf of this.leaves) grown.append(leafHash(leaf));
    return signCheckpoint({ origin: `tollgate-audit/${tree}`, size: this.size, root: grown.root() }, this.key);
  }

  #nodes(): Map<string, Buffer> {
    const grown = new Frontier();
    const nodes = new Map<string, Buffer>();
    this.leaves.forEach((leaf, index) =>
      grown
        .append(leafHash(leaf))
        .forEach((hash, level) => nodes.set(`${level}/${(index + 1) / 2 ** level - 1}`, hash)),
    );
    return nodes;
  }

  /** What stands in the stored entries, when that is not what was signed. */
  stored: string[] | null = null;

  call(operation: { name: string }, input: any): Promise<any> {
    if (operation.name === witnessHeads.name) {
      this.rounds++;
      return Promise.resolve({
        key: formatVerifierKey(this.key),
        trees: [{ tree: this.name, size: this.size }],
        next: null,
      });
    }
    if (operation.name === witnessProof.name) {
      const nodes = this.#nodes();
      const lookup = ({ level, index }: NodePlace) => nodes.get(`${level}/${index}`) as Buffer;
      const between = input.from > 0 && input.from < this.size;
      const ranges = between ? consistencyRanges(input.from, this.size) : [];
      const path = ranges.map((range) => hashOfRange(range, lookup).toString('base64'));
      return Promise.resolve({ note: this.size === 0 ? null : this.note(), path });
    }
    if (operation.name === witnessLeaves.name) {
      const all = (this.stored ?? this.leaves).map(leafHash);
      const leaves = all.slice(input.begin, input.end);
      const grown = new Frontier();
      for (const leaf of all.slice(0, input.begin)) grown.append(leaf);
      const nodes = leaves.flatMap((leaf) => grown.append(leaf));
      return Promise.resolve({
        leaves: Buffer.concat(leaves).toString('base64'),
        nodes: Buffer.concat(nodes).toString('base64'),
      });
    }
    this.reports.push(input);
    return Promise.resolve({ taken: true });
  }
}

let directory: string;
let log: Log;
let running: WitnessLoop | undefined;
let health: HealthRegistry;

async function start(): Promise<void> {
  health = new HealthRegistry();
  const key = await loadOrCreateSigningKey(join(directory, 'key.pem'), 'tollgate-witness', 'cosignature');
  running = new WitnessLoop(log, health, await Memory.open(directory, undefined), key);
  running.onApplicationBootstrap();
}

async function stop(): Promise<void> {
  await running?.onApplicationShutdown();
  running = undefined;
}

/** Restarts it so that a round begins at once, and waits until that one has ended. */
async function round(): Promise<void> {
  await stop();
  await start();
  await stop();
}

async function until(met: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!met()) {
    if (performance.now() > deadlineMs) throw new Error(`not true after 10 s: ${met}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

const last = () => log.reports.at(-1);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollgate-test-witness-'));
  log = new Log();
});
afterEach(async () => {
  await stop();
  await rm(directory, { recursive: true });
});

describe('the witness', () => {
  it('cosigns trees that grow, and remembers over restarts', async () => {
    log.grow(5);
    await round();
    log.grow(8);
    await round();
    const key = await loadOrCreateSigningKey(join(directory, 'key.pem'), 'tollgate-witness', 'cosignature');
    expect(last()).toMatchObject({ tree, key: formatVerifierKey(key), refused: null, cosigned: { size: 13 } });
    expect(openCosignature(withCosignature(log.note(), last()!.cosigned!.line), key)).toBeGreaterThan(1_700_000_000);
  });

  it('refuses another tree of the same size', async () => {
    log.grow(5);
    await round();
    log.leaves = [];
    log.grow(5, 'other').grow(1);
    await round();
    expect(last()).toMatchObject({ cosigned: null, refused: expect.stringContaining('does not go on from that of 5') });
  });

  it('refuses a fork of the same size as soon as it sees both', async () => {
    log.grow(5);
    await round();
    log.leaves[4] = 'forked';
    await round();
    expect(last()?.refused).toContain('not those of the tree of 5 that was cosigned');
  });

  it.each([0, 3])('refuses a tree that has shrunk to %i entries', async (size) => {
    log.grow(5);
    await round();
    log.leaves.length = size;
    await round();
    expect(last()?.refused).toMatch(size === 0 ? /of 5 entries is gone/ : /has shrunk from 5 to 3/);
  });

  it('refuses a signature of another key than the first, from then on for ever', async () => {
    log.grow(5);
    await round();
    log.key = readSigningKey(generateSigningKey(), 'tollgate-audit');
    log.grow(1);
    await round();
    expect(last()?.refused).toContain('and not by tollgate-audit+');
    log.key = logKey;
    log.grow(1);
    await round();
    await round();
    expect(last()?.refused).toContain('and not by tollgate-audit+');
  });

  it('keeps its files to itself, whatever the log calls a tree', async () => {
    log.grow(5).name = '../org_1';
    await round();
    expect(await readdir(directory)).not.toContain('org_1.json');
    expect((await health.readiness()).warnings.join()).toContain('cannot be looked at');
  });

  it('reads stored entries again and refuses one that was altered, also beyond the first page', async () => {
    log.grow(1_200);
    await start();
    // Read once as it is, from the first entry to the last.
    await until(() => log.rounds >= 4);
    expect(log.reports.every(({ refused }) => refused === null)).toBe(true);
    log.stored = log.leaves.map((leaf, index) => (index === 1_100 ? 'altered' : leaf));
    await until(() => last()?.refused !== null);
    expect(last()?.refused).toContain('altered');
    expect((await health.readiness()).warnings.join()).toContain('refused trees: org_1: ');
    const kept = JSON.parse(await readFile(join(directory, 'trees', 'org_1.json'), 'utf8')) as { refused: string };
    expect(kept.refused).toContain('altered');
  }, 25_000);
});
