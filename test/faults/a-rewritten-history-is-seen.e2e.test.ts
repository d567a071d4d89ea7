import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@tollgate/event-log';
import { startStack, type TestStack } from '@tollgate/stack';
import { callersOf, makeOrganization, makeToken, must, type Organization } from '../support/api.ts';
import { runTollgate } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';

/**
 * Whoever owns the database can write a history that agrees with itself: entries, tree and signed checkpoints. It does not
 * agree with what somebody else held before: a checkpoint, or the memory of the witness.
 */

let directory: string;
let dataDir: string;
let stack: TestStack;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tollgate-history-'));
  execFileSync('chmod', ['755', directory]); // under root, Postgres runs as somebody else
  dataDir = join(directory, 'data');
  stack = await startStack({ dataDir });
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const file = (name: string) => join(directory, name);
const tollgate = ({ org, ownerId }: Organization, ...args: string[]) =>
  runTollgate({ ...stack.env, TOLLGATE_ORG: org.id, TOLLGATE_ACCOUNT: ownerId }, args);

/** Keeps the checkpoint with everything so far, once the witness has cosigned it. */
async function hold(organization: Organization, position: number): Promise<void> {
  await eventually(async () => {
    const { stdout } = await tollgate(organization, 'audit', 'checkpoint', '--at-least', String(position));
    expect(stdout).toContain('tollgate-witness');
    writeFileSync(file('held'), stdout);
  });
}

/** A fresh export with its own checkpoint, verified alone and against the one that was held. */
async function verified(organization: Organization, atLeast: number) {
  const taken = ['--output', file('export'), '--checkpoint', file('note'), '--at-least', String(atLeast)];
  expect(await tollgate(organization, 'audit', 'export', ...taken)).toMatchObject({ status: 0 });
  const key = (await tollgate(organization, 'audit', 'public-key')).stdout.trim();
  const args = ['audit', 'verify', '--export', file('export'), '--checkpoint', file('note'), '--key', key];
  return {
    alone: await tollgate(organization, ...args),
    held: await tollgate(organization, ...args, '--held', file('held')),
  };
}

async function warnings(): Promise<string> {
  const answer = await fetch(`${stack.service('audit-projector').url}/readyz`);
  return ((await answer.json()) as { warnings: string[] }).warnings.join();
}

async function asSuperuser(work: (query: (text: string, values?: unknown[]) => Promise<unknown>) => Promise<void>) {
  const admin = createPool(stack.secrets.databaseAdminUrl, { name: 'superuser', max: 1 });
  try {
    await work((text, values) => admin.query(text, values));
  } finally {
    await admin.end();
  }
}

describe('a history that a superuser rewrote in Postgres, with everything that was signed about it', () => {
  it('agrees with itself, and neither with a held checkpoint nor with the witness', async () => {
    const acme = await makeOrganization(await callersOf(stack));
    const { token } = await makeToken(acme, { name: 'Nightly Crawler' });
    const revoke = await acme.owner('POST', acme.at(`/tokens/${token.id}/revoke`), { reason: 'seen in a log' });
    await hold(acme, must(200, revoke).position);

    await asSuperuser(async (query) => {
      for (const table of ['log.events', 'audit.checkpoints', 'audit.cosignatures'])
        await query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
      await query(
        `UPDATE log.events SET data = jsonb_set(data, '{reason}', '"as planned"') WHERE stream = $1 AND type = 'TokenRevoked'`,
        [`token-${token.id}`],
      );
    });
    const rebuilt = await tollgate(acme, 'projections', 'rebuild', 'audit', '--as', 'operator');
    expect(rebuilt).toMatchObject({ status: 1, stdout: expect.stringContaining('as planned') });
    await asSuperuser(async (query) => {
      for (const table of ['audit.checkpoints', 'audit.cosignatures'])
        await query(`DELETE FROM ${table} WHERE org_id = $1`, [acme.org.id]);
    });

    const { alone, held } = await verified(acme, (await makeToken(acme)).position);
    expect(alone).toMatchObject({ status: 0, stdout: expect.stringContaining('unaltered') });
    expect(held).toMatchObject({ status: 1, stderr: expect.stringContaining('forked') });
    await eventually(async () => expect(await warnings()).toContain(`audit witness: ${acme.org.id} is refused`));
  });
});

describe('a history that was taken back by a restore of Postgres and went on otherwise', () => {
  it('agrees with itself, and neither with a held checkpoint nor with the witness', async () => {
    const acme = await makeOrganization(await callersOf(stack));
    await makeToken(acme);
    await stack.stop();
    execFileSync('cp', ['-a', join(dataDir, 'postgres'), file('backup')]);
    stack = await startStack({ dataDir });
    await hold(acme, (await makeToken(await again(acme), { name: 'Lost' })).position);

    await stack.stop();
    rmSync(join(dataDir, 'postgres'), { recursive: true });
    execFileSync('cp', ['-a', file('backup'), join(dataDir, 'postgres')]);
    stack = await startStack({ dataDir });
    await eventually(async () => expect(await warnings()).toContain(`audit witness: ${acme.org.id} is refused`));
    const restored = await again(acme);
    await makeToken(restored, { name: 'Another' });
    const { alone, held } = await verified(acme, (await makeToken(restored, { name: 'One more' })).position);
    expect(alone).toMatchObject({ status: 0, stdout: expect.stringContaining('unaltered') });
    expect(held).toMatchObject({ status: 1, stderr: expect.stringContaining('forked') });
    expect(await warnings()).toContain(`audit witness: ${acme.org.id} is refused`);
  }, 120_000);

  /** The same organization after a start of the stack, which has other ports. */
  async function again(organization: Organization): Promise<Organization> {
    const { account } = await callersOf(stack);
    return { ...organization, owner: await account(organization.org.id, organization.ownerId) };
  }
});
