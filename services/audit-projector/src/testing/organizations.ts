import { join } from 'node:path';
import {
  auditReportExport,
  auditReportReads,
  personalLookup,
  principalsResolve,
  type Role,
  type TollgateEvent,
  type InputOf,
} from '@tollgate/contracts';
import { migrate } from '@tollgate/event-log';
import { startStage, type Stage } from '@tollgate/runtime/testing';

export const ada = 'acc_01jd0000000000000000000000';
export const owner = { sub: ada };
const january = '2026-01-01T00:00:00.000Z';

/** The beginning of the n-th day after that. */
export const day = (count: number): string => new Date(Date.parse(january) + count * 86_400_000).toISOString();

/** What is done with reports of who reads the log. */
interface Recorders {
  reads(input: InputOf<typeof auditReportReads>): void;
  export(input: InputOf<typeof auditReportExport>): void;
}
const forget: Recorders = { reads: () => undefined, export: () => undefined };

/** A stage with the tables of the audit log, on which everybody is an owner. */
export async function startAuditStage(recorders = forget): Promise<Stage> {
  const stage = await startStage();
  await migrate(stage.db.admin, {
    service: 'audit-projector',
    dir: join(import.meta.dirname, '../../migrations'),
  });
  const account = { id: ada, kind: 'member', active: true, administersSpace: false, role: 'owner' as Role } as const;
  await stage.standIn(principalsResolve, () => ({ account }));
  await stage.standIn(personalLookup, () => ({
    accounts: { [ada]: { name: '=Ada "Countess" Lovelace' } },
    requests: { req_1: { ip: '192.0.2.7', userAgent: 'curl/8' } },
  }));
  await stage.standIn(auditReportReads, (input) => {
    recorders.reads(input);
    return { recorded: input.reads.length };
  });
  await stage.standIn(auditReportExport, (input) => {
    recorders.export(input);
    return { position: 1 };
  });
  await stage.log.startRelay();
  return stage;
}

let made = 0;

export const nextId = (prefix: string): string => `${prefix}_${String(++made).padStart(26, '0')}`;

/** An organization with `entries` audit entries; returns its id and the position of the last one. */
export async function fill(stage: Stage, entries: number, at = january): Promise<{ org: string; position: number }> {
  const org = nextId('org');
  let position = await registered(stage, org, at);
  if (entries > 1) position = await spaces(stage, org, entries - 1, at);
  return { org, position };
}

function registered(stage: Stage, org: string, at: string): Promise<number> {
  const data = {
    name: 'Acme',
    plan: 'pro',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    billing: { anchor: january, interval: 'P1M', policy: 'second.v1' },
    mcpUrl: null,
  } as const;
  return append(stage, org, `organization-${org}`, [{ type: 'OrganizationRegistered', data }], at);
}

/** Appends `count` creations of spaces. */
export async function spaces(stage: Stage, org: string, count: number, at = january): Promise<number> {
  let position = 0;
  for (let left = count; left > 0; left -= 50) {
    const stream = `space-${nextId('spc')}`;
    const events = Array.from({ length: Math.min(left, 50) }, (_, at): TollgateEvent => {
      const spaceId = nextId('spc');
      return { type: 'SpaceCreated', data: { spaceId, name: `Room ${at % 7}` } };
    });
    position = await append(stage, org, stream, events, at);
  }
  return position;
}

function append(stage: Stage, orgId: string, stream: string, events: TollgateEvent[], at = january): Promise<number> {
  const actor = { type: 'account', id: ada } as const;
  return stage.log.append({ orgId, stream, at, events, actor, requestId: 'req_1' });
}
