import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { auditCheckpoint, auditExport, auditList, streams } from '@tollgate/contracts';
import { connectAsOperator } from '@tollgate/event-log/testing';
import { recordHash, rootOf, type ProvenRecord } from '@tollgate/proof';
import type { Stage } from '@tollgate/runtime/testing';
import { feedSubject } from './domain/feed-subject.ts';
import { auditProjector } from './service.ts';
import { ada, fill, owner, spaces, startAuditStage } from './testing/organizations.ts';

let stage: Stage;
let operator: Awaited<ReturnType<typeof connectAsOperator>>;

beforeAll(async () => {
  process.env['TOLLGATE_AUDIT_OCSF'] = '1';
  stage = await startAuditStage();
  operator = await connectAsOperator(stage.nats);
  await stage.run(auditProjector);
});
afterAll(async () => {
  await operator?.close();
  await stage?.stop();
});

interface Published {
  readonly subject: string;
  readonly text: string;
  readonly record: ProvenRecord;
}

/** Everything that the stream holds of an organization, once it has as many as that. */
async function published(org: string, count: number): Promise<Published[]> {
  const api = await jetstream(operator).jetstreamManager();
  const held = async () => {
    const { state } = await api.streams.info(streams.audit, { subjects_filter: `tollgate.audit.${org}.>` });
    return Object.values((state.subjects ?? {}) as Record<string, number>).reduce((sum, some) => sum + some, 0);
  };
  while ((await held().catch(() => 0)) < count) await new Promise((resolve) => setTimeout(resolve, 25));
  const found: Published[] = [];
  const { state } = await api.streams.info(streams.audit);
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await api.streams.getMessage(streams.audit, { seq });
    if (!message?.subject.startsWith(`tollgate.audit.${org}.`)) continue;
    const text = new TextDecoder().decode(message.data);
    found.push({ subject: message.subject, text, record: JSON.parse(text) });
  }
  return found;
}

describe('the stream TOLLGATE_AUDIT', () => {
  it('has every entry once and in order, without names, and its records make the root that is signed', async () => {
    const { org } = await fill(stage, 20);
    const all = await published(org, 20);
    expect(all.map(({ record }) => record.index)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(new Set(all.map(({ subject }) => subject))).toEqual(new Set([`tollgate.audit.${org}.directory`]));
    const everything = all.map(({ text }) => text).join();
    for (const canary of ['Lovelace', '192.0.2.7', 'curl']) expect(everything).not.toContain(canary);
    const { body: note } = await stage.call(auditCheckpoint, { org, size: 20 }, owner);
    expect(note).toContain(rootOf(all.map(({ record }) => recordHash(record))).toString('base64'));
  });

  it('is filled anew when it is gone', async () => {
    const { org, position } = await fill(stage, 5);
    await published(org, 5);
    await (await jetstream(operator).jetstreamManager()).streams.delete(streams.audit);
    await spaces(stage, org, 2);
    expect((await published(org, 7)).map(({ record }) => record.index)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    await stage.call(auditList, { org, atLeast: position }, owner);
  });

  it('goes on in order when two processes publish', async () => {
    const second = await stage.run(auditProjector);
    const { org } = await fill(stage, 300);
    const all = await published(org, 300);
    expect(all.map(({ record }) => record.index)).toEqual(Array.from({ length: 300 }, (_, index) => index));
    await second.stop();
  });

  it('has a second one beside it with the same entries as events of OCSF, which an export gives with names', async () => {
    const { org, position } = await fill(stage, 7);
    await published(org, 7);
    const api = await jetstream(operator).jetstreamManager();
    const subject = `tollgate.audit-ocsf.${org}.directory`;
    const lastOf = async () =>
      api.streams.getMessage(streams.auditOcsf, { last_by_subj: subject }).then(
        (message) => message?.json<{ metadata: { sequence: number }; actor: object }>() ?? null,
        () => null,
      );
    while ((await lastOf())?.metadata.sequence !== 6) await new Promise((resolve) => setTimeout(resolve, 25));
    const user = { uid: ada, type_id: 1, type: 'User', org: { uid: org } };
    expect(await lastOf()).toMatchObject({ class_uid: 3004, actor: { user } });
    expect(JSON.stringify(await lastOf())).not.toMatch(/Lovelace|192\.0\.2\.7|curl/);
    const { body } = await stage.call(auditExport, { org, format: 'ocsf', atLeast: position }, owner);
    const lines = body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ metadata }) => metadata.sequence)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(lines[3]).toMatchObject({
      actor: { user: { name: '=Ada "Countess" Lovelace' } },
      src_endpoint: { ip: '192.0.2.7' },
    });
  });

  it('has a subject without blanks for each namespace', () => {
    expect(feedSubject('org_1', 'API Tokens')).toBe('tollgate.audit.org_1.api-tokens');
    expect(feedSubject('_', 'Security')).toBe('tollgate.audit._.security');
  });
});
