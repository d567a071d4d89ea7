import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus } from '@tollgate/bus';
import {
  auditCheckpoint,
  auditConsistency,
  auditExport,
  auditList,
  auditProof,
  auditPublicKey,
  auditRemoveEntries,
  logRead,
  rebuildAudit,
  witnessLeaves,
  type RequestOf,
} from '@tollgate/contracts';
import {
  ExportVerifier,
  openCheckpoint,
  parseVerifierKey,
  verifyConsistency,
  verifyInclusion,
  type Checkpoint,
  type VerifierKey,
} from '@tollgate/proof';
import type { Stage } from '@tollgate/runtime/testing';
import { auditProjector } from './service.ts';
import { day, fill, owner, spaces, startAuditStage } from './testing/organizations.ts';

const operator = { sub: 'operator', scope: 'platform:operate' };
const secondVerifier = new URL('../../../test/proof/second_verifier.py', import.meta.url).pathname;

let stage: Stage;
let witness: Bus;
let key: VerifierKey;
let authorityTimeMs = Date.parse(day(1));
let begun = 0;
const asked = new Set<number>();

beforeAll(async () => {
  stage = await startAuditStage();
  await stage.standIn(logRead, () => ({ logId: 'log', head: 0, authorityTimeMs, events: [] }));
  // As token-command does: one event for each position, however often it is asked.
  await stage.standIn(auditRemoveEntries, ({ org, ...removed }) => {
    if (!asked.has(removed.position)) {
      asked.add(removed.position);
      void stage.log.append({
        ...{ orgId: org, stream: `security-${org}.retention`, at: day(begun + 160) },
        events: [{ type: 'AuditEntriesRemoved', data: { ...removed, days: 30 } }],
      });
    }
    return { position: 0 };
  });
  await stage.run(auditProjector);
  witness = await stage.busOf('witness');
  key = parseVerifierKey((await stage.call(auditPublicKey, {}, operator)).key);
});
afterAll(() => stage.stop());

const retention = (org: string, days: number) =>
  stage.log.append({
    ...{ orgId: org, stream: `organization-${org}`, at: day(begun + 150) },
    events: [{ type: 'AuditRetentionSet', data: { days, previous: null } }],
  });

const checkpoint = async (org: string, size?: number): Promise<{ note: string } & Checkpoint> => {
  const { body: note } = await stage.call(auditCheckpoint, { org, size }, owner);
  return { note, ...openCheckpoint(note, key) };
};

async function exported(input: RequestOf<typeof auditExport>): Promise<string[]> {
  let text = '';
  for (let cursor: string | undefined; ;) {
    const page = await stage.call(auditExport, { ...input, cursor }, owner);
    text += page.body;
    if (page.next === null) return text.split('\n').slice(0, -1);
    cursor = page.next;
  }
}

function verify(lines: readonly string[], against: Checkpoint, held?: Checkpoint) {
  const verifier = new ExportVerifier(against, held);
  for (const line of lines) verifier.line(line);
  return verifier.end();
}

/** Until the table says so. */
async function removed(org: string, entries: number): Promise<void> {
  const text = 'SELECT FROM audit.retention WHERE org_id = $1 AND removed = $2';
  while ((await stage.db.admin.query(text, [org, entries])).rowCount === 0) await sleep(20);
}

/** An organization with 320 old entries, 40 new ones, its retention, and the removal of what is 30 days old. */
async function shortened() {
  // The times of a log never fall.
  begun += 200;
  const { org } = await fill(stage, 20, day(begun));
  await spaces(stage, org, 300, day(begun));
  const position = await spaces(stage, org, 40, day(begun + 130));
  await stage.call(auditList, { org, atLeast: position }, owner);
  const notes = [await checkpoint(org, 100), await checkpoint(org, 360)] as const;
  const before = { notes, lines: await exported({ org }) };
  const entry = JSON.parse(before.lines[7] as string) as { id: string; targets: { id: string }[] };
  const proof = await stage.call(auditProof, { org, id: entry.id, size: 360 }, owner);
  await stage.call(auditList, { org, atLeast: await retention(org, 30) }, owner);
  authorityTimeMs = Date.parse(day(begun + 151));
  await removed(org, 320);
  return { org, before, entry, proof };
}

describe('entries that are older than their organization wants them', () => {
  it('are gone from every view, and everything that was proven still is', async () => {
    const { org, before, entry, proof } = await shortened();
    const listed = async (filter: object) => (await stage.call(auditList, { org, ...filter }, owner)).items.length;
    expect(await listed({ limit: 200 })).toBe(42);
    for (const filter of [{ target: entry.targets[0]?.id }, { to: day(begun + 100) }, { q: 'registered' }])
      expect([filter, await listed(filter)]).toEqual([filter, 0]);
    await expect(stage.call(auditProof, { org, id: entry.id }, owner)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const left = await stage.db.admin.query<{ index: number }>(
      `SELECT DISTINCT index FROM (
         SELECT index FROM audit.entries WHERE org_id = $1
          UNION ALL SELECT block * 64 + bit FROM audit.entry_terms, generate_series(0, 63) AS bit WHERE org_id = $1 AND bits >> bit & 1 = 1
       ) AS found ORDER BY index LIMIT 1`,
      [org],
    );
    expect(left.rows).toEqual([{ index: 320 }]);

    const [older, held] = before.notes;
    expect(await checkpoint(org, 100)).toEqual(older);
    const now = await checkpoint(org);
    const bytes = (hashes: string[]) => hashes.map((hash) => Buffer.from(hash, 'base64'));
    for (const { size, root } of [older, held]) {
      const { path } = await stage.call(auditConsistency, { org, from: size, to: now.size }, owner);
      const claim = { from: size, to: now.size, fromRoot: root, toRoot: now.root, path: bytes(path) };
      expect(verifyConsistency(claim)).toBe(true);
    }
    const path = bytes(proof.path);
    expect(verifyInclusion({ ...proof, leaf: Buffer.from(proof.leaf, 'base64'), path, root: held.root })).toBe(true);

    const lines = await exported({ org });
    expect(lines).toHaveLength(now.size);
    expect(lines.join('\n')).not.toContain(entry.id);
    for (const against of [undefined, older, held])
      expect(verify(lines, now, against)).toEqual({ entries: now.size, removed: 320, complete: true });
    const python = spawnSync('python3', [secondVerifier, 'export', now.root.toString('base64')], {
      input: lines.join('\n'),
    });
    expect(python.stdout.toString()).toBe(`${now.size}\n`);
    expect(await exported({ org, namespace: 'Directory' })).toHaveLength(40);
  });

  it('leave the witness the hashes that are stored, and a rebuild the same tree without them', async () => {
    const { org } = await shortened();
    const read = () => witness.call(witnessLeaves, { tree: org, begin: 300, end: 340 });
    const before = [await read(), await checkpoint(org)];
    expect(Buffer.from((before[0] as { leaves: string }).leaves, 'base64').length).toBe(40 * 32);
    expect(await stage.call(rebuildAudit, {}, operator)).toMatchObject({ identical: true, differences: [] });
    expect([await read(), await checkpoint(org)]).toEqual(before);
    await stage.db.admin.query('DELETE FROM audit.entries WHERE org_id = $1 AND index = 330', [org]);
    expect(Buffer.from((await read()).leaves, 'base64').length).toBe(30 * 32);
  });

  it('are not those that a superuser says so of: the log must record it', async () => {
    const { org } = await shortened();
    await stage.db.admin.query('UPDATE audit.retention SET removed = 330 WHERE org_id = $1', [org]);
    await stage.db.admin.query('DELETE FROM audit.entries WHERE org_id = $1 AND index < 330', [org]);
    const lines = await exported({ org });
    const now = await checkpoint(org);
    expect(() => verify(lines, now)).toThrow('The contents of the entry of index 320 are gone');
    const altered = lines.with(5, (lines[5] as string).replace(/"leaf":"..../, '"leaf":"AAAA'));
    expect(() => verify(altered, now)).toThrow('Line 6, entry (removed) (index 5), is wrong');
    expect((await stage.call(rebuildAudit, {}, operator)).identical).toBe(false);
    expect(verify(await exported({ org }), now)).toMatchObject({ removed: 320 });
  });
});
