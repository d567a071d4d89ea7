import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  auditCheckpoint,
  auditExport,
  auditList,
  auditReportExport,
  auditReportReads,
  TollgateError,
  type InputOf,
} from '@tollgate/contracts';
import type { Stage } from '@tollgate/runtime/testing';
import { auditProjector } from './service.ts';
import { ada, fill, owner, startAuditStage } from './testing/organizations.ts';

type Reads = InputOf<typeof auditReportReads>['reads'];

let stage: Stage;
let org: string;
let reported: Reads = [];
let exports: InputOf<typeof auditReportExport>[] = [];
let records: 'all' | 'none' = 'all';
let refused = () => {};

beforeAll(async () => {
  stage = await startAuditStage({
    reads(input) {
      if (records === 'none') {
        refused();
        throw new TollgateError('SERVICE_UNAVAILABLE', 'Try again shortly.');
      }
      reported.push(...input.reads);
    },
    export(input) {
      if (records === 'none') throw new TollgateError('SERVICE_UNAVAILABLE', 'Try again shortly.');
      exports.push(input);
    },
  });
  const filled = await fill(stage, 600);
  org = filled.org;
  const service = await stage.run(auditProjector);
  await stage.call(auditList, { org, atLeast: filled.position }, owner);
  await service.stop();
});
afterAll(() => stage.stop());
beforeEach(() => {
  [reported, exports, records] = [[], [], 'all'];
});

const list = (claims: { sub: string; scope?: string } = owner) => stage.call(auditList, { org, limit: 1 }, claims);
const total = () => reported.reduce((sum, { count }) => sum + count, 0);

describe('who reads the audit log is reported', () => {
  it('with every page counted once, per reader and minute, also while nobody answers', async () => {
    const service = await stage.run(auditProjector);
    await list();
    records = 'none';
    const once = new Promise<void>((resolve) => (refused = resolve));
    for (let page = 0; page < 5; page++) await list();
    await list({ sub: 'siem', scope: 'audit:read' });
    await once;
    records = 'all';
    // What a shutdown hands over is what no minute has ended for.
    await service.stop();
    const readers = reported.map(({ reader }) => `${reader.type} ${reader.id}`);
    expect(new Set(readers)).toEqual(new Set([`account ${ada}`, 'service siem']));
    expect(total()).toBe(7);
    const told = reported.map(({ reader, minute, part }) => `${reader.id} ${minute} ${part}`);
    expect(new Set(told).size).toBe(told.length);
    for (const each of reported) expect(each).toMatchObject({ org, minute: expect.stringMatching(/:00\.000Z$/) });
  });

  it('export by export, before the first line leaves, and not when checkpoints are fetched', async () => {
    const service = await stage.run(auditProjector);
    const first = await stage.call(auditExport, { org, namespace: 'Directory', q: 'room' }, owner);
    await stage.call(auditExport, { org, namespace: 'Directory', q: 'room', cursor: first.next as string }, owner);
    await stage.call(auditCheckpoint, { org }, owner);
    expect(exports).toEqual([
      {
        ...{ org, reader: { type: 'account', id: ada }, format: 'ndjson', size: 600 },
        filter: { namespace: 'Directory', others: ['q'] },
        ...{ requestId: expect.any(String), ip: null, userAgent: null },
      },
    ]);
    records = 'none';
    await expect(stage.call(auditExport, { org }, owner)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    records = 'all';
    await service.stop();
    expect(total()).toBe(1);
  });
});
