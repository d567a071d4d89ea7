import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  auditCheckpoint,
  auditList,
  auditWitnessKey,
  witnessHeads,
  witnessLeaves,
  witnessProof,
  witnessReport,
} from '@tollgate/contracts';
import type { Bus } from '@tollgate/bus';
import {
  cosign,
  formatVerifierKey,
  Frontier,
  generateSigningKey,
  openCheckpoint,
  openCosignature,
  parseVerifierKey,
  readSigningKey,
  verifyConsistency,
} from '@tollgate/proof';
import type { RunningService } from '@tollgate/runtime';
import type { Stage } from '@tollgate/runtime/testing';
import { auditProjector } from './service.ts';
import { fill, owner, spaces, startAuditStage } from './testing/organizations.ts';

const operator = { sub: 'operator', scope: 'platform:operate' };
const witnessKey = readSigningKey(generateSigningKey(), 'tollgate-witness', 'cosignature');
const key = formatVerifierKey(witnessKey);

let stage: Stage;
let service: RunningService;
let bus: Bus;

beforeAll(async () => {
  stage = await startAuditStage();
  service = await stage.run(auditProjector);
  bus = await stage.busOf('witness');
});
afterAll(() => stage.stop());

async function filled(entries: number): Promise<string> {
  const { org, position } = await fill(stage, entries);
  await stage.call(auditList, { org, atLeast: position }, owner);
  return org;
}

const checkpoint = async (org: string, size?: number) => (await stage.call(auditCheckpoint, { org, size }, owner)).body;
const readiness = async () => (await fetch(`${service.url}/readyz`)).json() as Promise<{ warnings: string[] }>;
const until = async (met: () => Promise<boolean>) => {
  const deadlineMs = performance.now() + 4_000;
  while (!(await met())) {
    if (performance.now() > deadlineMs) throw new Error(`not true after 4 s: ${met}`);
    await new Promise((done) => setTimeout(done, 50));
  }
};

describe('what the witness sees', () => {
  it('are heads, consistent checkpoints, and leaves that make their roots', async () => {
    const org = await filled(20);
    const first = await bus.call(witnessProof, { tree: org, from: 0 });
    await stage.call(auditList, { org, atLeast: await spaces(stage, org, 13) }, owner);
    const second = await bus.call(witnessProof, { tree: org, from: 20 });
    const heads = await bus.call(witnessHeads, { after: null });
    expect(heads.trees.find(({ tree }) => tree === org)).toEqual({ tree: org, size: 33 });
    const logKey = parseVerifierKey(heads.key);
    const [older, newer] = [first.note, second.note].map((note) => openCheckpoint(note as string, logKey));
    const path = second.path.map((hash) => Buffer.from(hash, 'base64'));
    const proof = { from: 20, to: 33, fromRoot: older!.root, toRoot: newer!.root, path };
    expect(verifyConsistency(proof)).toBe(true);

    const read = await bus.call(witnessLeaves, { tree: org, begin: 0, end: 33 });
    const leaves = Buffer.from(read.leaves, 'base64');
    const grown = new Frontier();
    const nodes: Buffer[] = [];
    for (let at = 0; at < leaves.length; at += 32) nodes.push(...grown.append(leaves.subarray(at, at + 32)));
    expect(grown.root()).toEqual(newer!.root);
    expect(Buffer.concat(nodes).toString('base64')).toBe(read.nodes);
  });

  it('changes with one byte of an entry, and ends where an entry is gone', async () => {
    const org = await filled(9);
    const before = (await bus.call(witnessLeaves, { tree: org, begin: 0, end: 9 })).leaves;
    await stage.db.admin.query(`UPDATE audit.entries SET after = '{"name":"x"}' WHERE org_id = $1 AND index = 4`, [
      org,
    ]);
    const after = (await bus.call(witnessLeaves, { tree: org, begin: 0, end: 9 })).leaves;
    expect(after).not.toBe(before);
    await stage.db.admin.query(`DELETE FROM audit.entries WHERE org_id = $1 AND index = 6`, [org]);
    const cut = (await bus.call(witnessLeaves, { tree: org, begin: 0, end: 9 })).leaves;
    expect(Buffer.from(cut, 'base64').length).toBe(6 * 32);
  });
});

describe('what the witness says', () => {
  it('stands in the checkpoint, and its key is shown', async () => {
    const org = await filled(6);
    const note = await checkpoint(org);
    const cosigned = { size: 6, line: cosign(note, witnessKey, 1_767_225_600) };
    await bus.call(witnessReport, { key, tree: org, cosigned, refused: null });
    await bus.call(witnessReport, { key, tree: org, cosigned, refused: null });
    const shown = await checkpoint(org);
    expect(shown).toBe(note + cosigned.line);
    expect(openCosignature(shown, witnessKey)).toBe(1_767_225_600);
    expect(await checkpoint(org, 5)).not.toContain('tollgate-witness');
    expect(await stage.call(auditWitnessKey, {}, operator)).toEqual({ key });
  });

  it('is not taken when it is wrong, or from another witness', async () => {
    const org = await filled(6);
    const other = readSigningKey(generateSigningKey(), 'tollgate-witness', 'cosignature');
    const note = await checkpoint(org);
    const report = (size: number, signer = witnessKey, as = key) =>
      bus.call(witnessReport, { key: as, tree: org, cosigned: { size, line: cosign(note, signer, 1) }, refused: null });
    await expect(report(5)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(report(6, other)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(report(6, other, formatVerifierKey(other))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await checkpoint(org)).toBe(note);
  });

  it('is a warning and a metric when it is a refusal, until it cosigns again', async () => {
    const org = await filled(3);
    await bus.call(witnessReport, { key, tree: org, cosigned: null, refused: 'the log was forked' });
    await until(async () =>
      (await readiness()).warnings.includes(`audit witness: ${org} is refused: the log was forked`),
    );
    expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(/^tollgate_audit_witness_refusals\{?.* 1$/m);
    const cosigned = { size: 3, line: cosign(await checkpoint(org), witnessKey, 2) };
    await bus.call(witnessReport, { key, tree: org, cosigned, refused: null });
    await until(async () => (await readiness()).warnings.every((warning) => !warning.startsWith('audit witness')));
  });
});
