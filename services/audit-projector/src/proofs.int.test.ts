import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  auditCheckpoint,
  auditConsistency,
  auditExport,
  auditList,
  auditProof,
  auditPublicKey,
  rebuildAudit,
  type AuditEntry,
  type RequestOf,
} from '@tollgate/contracts';
import {
  ExportVerifier,
  loadOrCreateSigningKey,
  openCheckpoint,
  parseVerifierKey,
  verifyConsistency,
  verifyInclusion,
  type Checkpoint,
  type VerifierKey,
} from '@tollgate/proof';
import type { RunningService } from '@tollgate/runtime';
import type { Stage } from '@tollgate/runtime/testing';
import { dueSizes } from './adapters/checkpoint-signer.ts';
import { auditProjector } from './service.ts';
import { fill, owner, spaces, startAuditStage } from './testing/organizations.ts';

const operator = { sub: 'operator', scope: 'platform:operate' };

let stage: Stage;
let service: RunningService;
let key: VerifierKey;

beforeAll(async () => {
  stage = await startAuditStage();
  service = await stage.run(auditProjector);
  key = parseVerifierKey((await stage.call(auditPublicKey, {}, operator)).key);
});
afterAll(() => stage.stop());

async function checkpoint(org: string, size?: number, atLeast?: number): Promise<{ note: string } & Checkpoint> {
  const { body: note } = await stage.call(auditCheckpoint, { org, size, atLeast }, owner);
  return { note, ...openCheckpoint(note, key) };
}

/** All pages of an export as the gateway joins them. */
async function exported(input: RequestOf<typeof auditExport>): Promise<{ text: string; size: number }> {
  let text = '';
  let size: number;
  for (let cursor = input.cursor; ;) {
    const page = await stage.call(auditExport, { ...input, cursor }, owner);
    text += page.body;
    size = Number(page.headers['tollgate-checkpoint-size']);
    if (page.next === null) return { text, size };
    cursor = page.next;
  }
}

const linesOf = (text: string) => text.split('\n').slice(0, -1);

function verify(lines: readonly string[], against: Checkpoint, held?: Checkpoint) {
  const verifier = new ExportVerifier(against, held);
  for (const line of lines) verifier.line(line);
  return verifier.end();
}

/** Until every tree that has entries is signed. */
async function signed(org: string): Promise<{ size: number; note: string }[]> {
  for (;;) {
    const { rows } = await stage.db.admin.query<{ size: number; note: string; due: boolean }>(
      `SELECT checkpoint.size, note, (SELECT size FROM audit.trees WHERE org_id = $1) > max(checkpoint.size) OVER () AS due
         FROM audit.checkpoints AS checkpoint WHERE org_id = $1 ORDER BY size`,
      [org],
    );
    if (rows.length > 0 && !rows[0]?.due) return rows;
    await sleep(20);
  }
}

describe('checkpoints', () => {
  it('are signed within a second while entries come, without anybody asking', async () => {
    const { org, position } = await fill(stage, 5);
    await stage.call(auditList, { org, atLeast: position }, owner);
    const since = performance.now();
    const notes = await signed(org);
    expect(performance.now() - since).toBeLessThan(1_500);
    expect(openCheckpoint(notes.at(-1)!.note, key)).toMatchObject({ origin: `tollgate-audit/${org}`, size: 5 });
  });

  it('are signed at every 256 entries, also when many come at once', async () => {
    const { org, position } = await fill(stage, 600);
    await stage.call(auditList, { org, atLeast: position }, owner);
    const sizes = (await signed(org)).map(({ size }) => size);
    expect(sizes).toEqual(expect.arrayContaining([256, 512, 600]));
    expect([dueSizes(0, 600), dueSizes(255, 256), dueSizes(256, 300), dueSizes(5, 5)]).toEqual([
      [256, 512, 600],
      [256],
      [300],
      [],
    ]);
  });

  it('of one size are one note for ever, also from two processes at once and after a rebuild', async () => {
    const { org, position } = await fill(stage, 40);
    const first = (await checkpoint(org, 33, position)).note;
    const second = await stage.run(auditProjector);
    const notes = await Promise.all(Array.from({ length: 8 }, async () => (await checkpoint(org, 20)).note));
    await second.stop();
    expect(new Set(notes).size).toBe(1);
    await stage.call(rebuildAudit, {}, operator);
    expect((await checkpoint(org, 33)).note).toBe(first);
    expect(verify(linesOf((await exported({ org })).text), await checkpoint(org)).entries).toBe(40);
  });

  it('cannot be changed or removed by the projector', async () => {
    const pool = stage.db.pool('audit-projector', 1);
    for (const change of ['DELETE FROM', 'UPDATE', 'TRUNCATE'])
      await expect(
        pool.query(`${change} audit.checkpoints${change === 'UPDATE' ? ` SET note = 'x'` : ''}`),
      ).rejects.toThrow('permission denied');
    await expect(stage.db.admin.query('DELETE FROM audit.checkpoints')).rejects.toThrow('append-only');
  });

  it('say what there is when a size is too large', async () => {
    const { org, position } = await fill(stage, 3);
    const asked = stage.call(auditCheckpoint, { org, size: 4, atLeast: position }, owner);
    await expect(asked).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('has 3 entries') });
  });

  it('are signed with a key that only its owner may read', async () => {
    const path = join(tmpdir(), `tollgate-key-${process.pid}`, 'key.pem');
    const [one, other] = await Promise.all([
      loadOrCreateSigningKey(path, 'tollgate-audit'),
      loadOrCreateSigningKey(path, 'tollgate-audit'),
    ]);
    expect(one.id).toEqual(other.id);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe('proofs', () => {
  it('of an entry and between any two sizes hold against the signed checkpoints', async () => {
    const { org, position } = await fill(stage, 23);
    const { items } = await stage.call(auditList, { org, atLeast: position, limit: 200 }, owner);
    for (const { id, index } of items.slice(0, 8)) {
      const { leaf, path, size, checkpoint: note, ...rest } = await stage.call(auditProof, { org, id }, owner);
      expect([rest.index, size]).toEqual([index, 23]);
      const { root } = openCheckpoint(note, key);
      expect(verifyInclusion({ leaf: bytes(leaf), index, size, path: path.map(bytes), root })).toBe(true);
    }
    for (const [from, to] of [
      [1, 23],
      [16, 23],
      [7, 8],
      [23, 23],
      [13, 22],
    ] as const) {
      const { path } = await stage.call(auditConsistency, { org, from, to }, owner);
      const [older, newer] = [await checkpoint(org, from), await checkpoint(org, to)];
      const proof = { from, to, fromRoot: older.root, toRoot: newer.root, path: path.map(bytes) };
      expect(verifyConsistency(proof)).toBe(true);
    }
  });

  it('are refused for entries of others, for sizes before the entry, and backwards', async () => {
    const [one, other] = [await fill(stage, 4), await fill(stage, 4)];
    const { items } = await stage.call(auditList, { org: one.org, atLeast: other.position }, owner);
    const { id } = items[0] as AuditEntry;
    await expect(stage.call(auditProof, { org: other.org, id }, owner)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(stage.call(auditProof, { org: one.org, id, size: 3 }, owner)).rejects.toMatchObject({
      message: 'The entry has index 3: it stands in trees of 4 entries and more.',
    });
    const backwards = stage.call(auditConsistency, { org: one.org, from: 3, to: 2 }, owner);
    await expect(backwards).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  const bytes = (text: string) => Buffer.from(text, 'base64');
});

describe('an export', () => {
  it('of everything is what the list shows, oldest first, and is proven complete', async () => {
    const { org, position } = await fill(stage, 620);
    const { text, size } = await exported({ org, atLeast: position });
    const lines = linesOf(text);
    expect([lines.length, size]).toEqual([620, 620]);
    expect(verify(lines, await checkpoint(org, size), await checkpoint(org, 256))).toEqual({
      entries: 620,
      removed: 0,
      complete: true,
    });
    const listed: AuditEntry[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await stage.call(auditList, { org, limit: 200, cursor }, owner);
      listed.push(...page.items);
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    const entries = lines.map((line) => JSON.parse(line) as AuditEntry & { proof?: object });
    expect(entries.map(({ proof: _, ...entry }) => entry)).toEqual(listed.toReversed());
  });

  it('ends where it began to: entries that come meanwhile are not in it', async () => {
    const { org, position } = await fill(stage, 300);
    const first = await stage.call(auditExport, { org, atLeast: position }, owner);
    await spaces(stage, org, 5);
    const rest = await exported({ org, cursor: first.next as string });
    expect(rest.size).toBe(300);
    expect(verify(linesOf(first.body + rest.text), await checkpoint(org, 300)).entries).toBe(300);
  });

  it('of some has each entry proven by itself', async () => {
    const { org, position } = await fill(stage, 90);
    const { text, size } = await exported({ org, q: 'room 3', atLeast: position });
    const lines = linesOf(text);
    expect(lines.length).toBe(13);
    expect(verify(lines, await checkpoint(org, size))).toEqual({ entries: 13, removed: 0, complete: false });
  });

  it('as CSV has a head once, and no cell that a spreadsheet would run', async () => {
    const { org, position } = await fill(stage, 300);
    const { text } = await exported({ org, format: 'csv', atLeast: position });
    const lines = text.split('\r\n');
    expect(lines.length).toBe(302);
    expect(lines[0]).toMatch(/^"index","position","id","at"/);
    expect(lines.filter((line) => line.startsWith('"index"'))).toHaveLength(1);
    expect(lines[1]).toContain(`"'=Ada ""Countess"" Lovelace"`);
    expect(lines[1]).toContain('"192.0.2.7"');
  });
});

describe('an alteration in Postgres', () => {
  const alter = (text: string, values: unknown[]) => stage.db.admin.query(text, values);

  it('of an entry is named by whoever verifies the export', async () => {
    const { org, position } = await fill(stage, 30);
    const before = await checkpoint(org, undefined, position);
    await alter(`UPDATE audit.entries SET actor_id = 'acc_x' WHERE org_id = $1 AND index = 11`, [org]);
    const { text } = await exported({ org });
    expect(() => verify(linesOf(text), before)).toThrow('(index 11), is wrong: it is not the one that the tree holds');
  });

  it('of the hash of an entry is named at the one whose proof it stands in', async () => {
    const { org, position } = await fill(stage, 30);
    const before = await checkpoint(org, undefined, position);
    await alter(
      'UPDATE audit.hashes SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE org_id = $1 AND index = 11',
      [org],
    );
    const { text } = await exported({ org });
    expect(() => verify(linesOf(text), before)).toThrow('(index 10), is wrong');
  });

  it('of the tree that was signed: nothing more is signed for it, and readiness says so', async () => {
    const { org, position } = await fill(stage, 32);
    const before = await checkpoint(org, undefined, position);
    await alter(
      "UPDATE audit.hashes SET hashes = decode(repeat('00', length(hashes)), 'hex') WHERE org_id = $1 AND index = 31",
      [org],
    );
    const atLeast = await spaces(stage, org, 3);
    await expect(checkpoint(org, 35, atLeast)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    const ready = (await (await fetch(`${service.url}/readyz`)).json()) as { status: string; warnings: string[] };
    expect(ready.status).toBe('ready');
    expect(ready.warnings.join()).toContain(`the stored hashes of ${org} contradict a signed checkpoint`);
    // What was signed before can be had still.
    expect((await checkpoint(org)).note).toBe(before.note);
    // A rebuild from the log heals the tree: it is the one that was signed.
    await stage.call(rebuildAudit, {}, operator);
    expect((await checkpoint(org, 35)).size).toBe(35);
  });

  it('of the event log: the rebuilt tree contradicts what was signed', async () => {
    const { org, position } = await fill(stage, 12);
    await checkpoint(org, 12, position);
    await alter('ALTER TABLE log.events DISABLE TRIGGER events_append_only', []);
    await alter(`UPDATE log.events SET data = jsonb_set(data, '{name}', '"Rewritten"') WHERE position = $1`, [
      position,
    ]);
    await alter('ALTER TABLE log.events ENABLE ALWAYS TRIGGER events_append_only', []);
    expect((await stage.call(rebuildAudit, {}, operator)).identical).toBe(false);
    const atLeast = await spaces(stage, org, 1);
    await expect(checkpoint(org, 13, atLeast)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
