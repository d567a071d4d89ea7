import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, type Pool } from '@tollgate/event-log';
import { startStack, type TestStack } from '@tollgate/stack';
import { type Callers, callersOf, makeOrganization, makeToken, must, type Organization } from '../support/api.ts';
import { runTollgate } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { expectRebuildsIdentical } from '../support/promises.ts';

/** How often the projector is killed while it writes; the long form sets it to 50. */
const kills = Number(process.env['TOLLGATE_TEST_KILLS'] ?? 3);

let stack: TestStack;
let callers: Callers;
let acme: Organization;
let admin: Pool;
let directory: string;

beforeAll(async () => {
  stack = await startStack();
  callers = await callersOf(stack);
  acme = await makeOrganization(callers);
  admin = createPool(stack.secrets.databaseAdminUrl, { name: 'test' });
  directory = mkdtempSync(join(tmpdir(), 'tollgate-audit-'));
}, 60_000);
afterAll(async () => {
  await admin?.end();
  await stack?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** The CLI in the name of the organization's owner. */
const tollgate = (...args: string[]) =>
  runTollgate({ ...stack.env, TOLLGATE_ORG: acme.org.id, TOLLGATE_ACCOUNT: acme.ownerId }, args);

const file = (name: string) => join(directory, name);

describe('a morning of a security engineer', () => {
  let key: string;
  let tokenId: string;

  it('finds who revoked a token and when, by a word of its name', async () => {
    const { token } = await makeToken(acme, { name: 'Nightly Crawler' });
    tokenId = token.id;
    await makeToken(acme, { name: 'Another' });
    const { position } = must(
      200,
      await acme.owner('POST', acme.at(`/tokens/${tokenId}/revoke`), { reason: 'seen in a log' }),
    );
    const query = `q=crawler&action=token.revoked&atLeast=${position}`;
    const { items } = must(200, await acme.owner('GET', acme.at(`/audit?${query}`)));
    expect(items).toMatchObject([
      {
        action: 'token.revoked',
        reason: 'seen in a log',
        actor: { type: 'account', id: acme.ownerId, name: 'Ada Lovelace' },
        targets: [{ type: 'token', id: tokenId, name: 'Nightly Crawler' }],
        context: { commitment: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) },
      },
    ]);
    const tail = await tollgate('audit', 'tail', '--q', 'crawler');
    expect(tail.stdout).toMatch(/token\.created[^\n]*\n.*token\.revoked {2}Ada Lovelace \(acc_/);
  });

  it('exports the log and verifies it offline', async () => {
    ({ stdout: key } = await tollgate('audit', 'public-key'));
    expect(key).toMatch(/^tollgate-audit\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}\n$/);
    const exported = await tollgate('audit', 'export', '--output', file('all.ndjson'), '--checkpoint', file('note'));
    expect(exported).toMatchObject({ status: 0, stdout: '' });
    expect(readFileSync(file('all.ndjson'), 'utf8')).toContain('"action":"token.revoked"');
    const verified = await verify('all.ndjson');
    expect(verified).toMatchObject({ status: 0, stdout: expect.stringContaining('complete, in order and unaltered') });
    const csv = await fetch(`${stack.url}${acme.at('/audit/export?format=csv&action=token.')}`, {
      headers: { authorization: `Bearer ${await callers.jwt({ sub: acme.ownerId, org: acme.org.id })}` },
    });
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect((await csv.text()).split('\r\n')).toHaveLength(5);
  });

  it('finds who searched the log and who took it away', async () => {
    const entries = async (action: string) =>
      must(200, await acme.owner('GET', acme.at(`/audit?namespace=Security&action=${action}`))).items;
    const self = { type: 'account', id: acme.ownerId, name: 'Ada Lovelace' };
    await eventually(async () => {
      const [read] = await entries('audit.read');
      expect(read).toMatchObject({ actor: self, after: { minute: expect.stringMatching(/:00\.000Z$/) } });
      expect((await entries('audit.exported')).slice(-2)).toMatchObject([
        { actor: self, after: { format: 'csv', filter: { others: ['action'] } }, context: { ip: '127.0.0.1' } },
        { actor: self, after: { format: 'ndjson', filter: { others: [] } } },
      ]);
    }, 4_000);
  });

  it('sees one altered byte of the export, and the entry where it is', async () => {
    const lines = readFileSync(file('all.ndjson'), 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('"token.revoked"'));
    writeFileSync(
      file('altered.ndjson'),
      lines.with(at, lines[at]!.replace('seen in a log', 'seen in a lag')).join('\n'),
    );
    const { id } = JSON.parse(lines[at]!);
    const { status, stderr } = await verify('altered.ndjson');
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining(`Line ${at + 1}, entry ${id} (index ${at}), is wrong`),
    ]);
  });

  it('sees a cut tail when a checkpoint was held', async () => {
    const lines = readFileSync(file('all.ndjson'), 'utf8').trimEnd().split('\n');
    writeFileSync(file('cut.ndjson'), `${lines.slice(0, -1).join('\n')}\n`);
    expect((await verify('cut.ndjson')).stderr).toContain(
      `the first one that is missing has index ${lines.length - 1}`,
    );
    const shorter = await tollgate('audit', 'checkpoint', '--size', String(lines.length - 1));
    writeFileSync(file('shorter'), shorter.stdout);
    const args = [
      'audit',
      'verify',
      '--export',
      file('cut.ndjson'),
      '--checkpoint',
      file('shorter'),
      '--key',
      key.trim(),
    ];
    expect(await tollgate(...args, '--held', file('note'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('The log was cut'),
    });
  });

  it('sees what a superuser altered in Postgres', async () => {
    const { rows } = await admin.query<{ id: string; index: number }>(
      `UPDATE audit.entries SET reason = 'seen in a lag' WHERE org_id = $1 AND action = 'token.revoked' RETURNING id, index`,
      [acme.org.id],
    );
    await tollgate('audit', 'export', '--output', file('later.ndjson'), '--checkpoint', file('later'));
    const { status, stderr } = await verify('later.ndjson', 'later');
    expect(status).toBe(1);
    expect(stderr).toContain(`entry ${rows[0]!.id} (index ${rows[0]!.index}), is wrong`);
    // The witness sees it too, without an export: it reads the entries again and again.
    const warnings = async () => {
      const answer = (await (await fetch(`${stack.service('audit-projector').url}/readyz`)).json()) as {
        warnings: string[];
      };
      return answer.warnings.join();
    };
    await eventually(async () => expect(await warnings()).toContain(`audit witness: ${acme.org.id} is refused`), 4_000);
    const rebuilt = await tollgate('projections', 'rebuild', 'audit', '--as', 'operator');
    expect(rebuilt).toMatchObject({ status: 1, stdout: expect.stringContaining('seen in a lag') });
    await tollgate('audit', 'export', '--output', file('healed.ndjson'), '--checkpoint', file('healed'));
    expect(await verify('healed.ndjson', 'healed')).toMatchObject({ status: 0 });
  });

  it('finds checkpoints cosigned by a witness, whose refusals outlive its restart', async () => {
    const other = await makeOrganization(callers);
    const note = async () => String((await other.owner('GET', other.at('/audit/checkpoint'))).body);
    await eventually(async () => expect(await note()).toContain('tollgate-witness'), 4_000);
    await stack.service('witness').kill();
    await stack.service('witness').ready();
    const answer = (await (await fetch(`${stack.service('witness').url}/readyz`)).json()) as { warnings: string[] };
    expect(answer.warnings.join()).toContain(`refused trees: ${acme.org.id}: `);
    const witnessKey = (await tollgate('audit', 'witness-key', '--as', 'operator')).stdout.trim();
    expect(witnessKey).toMatch(/^tollgate-witness\+[0-9a-f]{8}\+B/);
  });

  it('finds what an agent did with its token beside what was done to the token', async () => {
    const { token, secret } = await makeToken(acme, { name: 'Crawler of tools' });
    const { token: another } = await makeToken(acme, { name: 'Another of tools' });
    const crm = await callers.service('crm', 'audit:write');
    const record = (records: object[], key?: string) =>
      crm('POST', '/v1/audit/records', { records }, key ? { 'idempotency-key': key } : {});
    const target = { type: 'tool', id: 'crm.search' };
    const records = [
      { tokenId: token.id, decisionId: 'dec-1', action: 'tool.called', target, context: { durationMs: 12 } },
      { tokenId: another.id, action: 'api.called', outcome: 'refused', reason: 'quota' },
    ];
    const { position } = must(201, await record(records, 'once'));
    expect(must(201, await record(records, 'once'))).toEqual({ org: acme.org.id, recorded: 2, position });
    expect(await record(records.slice(1), 'once')).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    });

    const found = must(200, await acme.owner('GET', acme.at(`/audit?actor=${token.id}&atLeast=${position}`)));
    expect(found.items).toMatchObject([
      {
        namespace: 'API Tokens',
        action: 'tool.called',
        actor: { type: 'token', id: token.id, name: 'Crawler of tools' },
        targets: [{ type: 'token', id: token.id }, target],
        after: { decisionId: 'dec-1', details: { durationMs: 12 }, reportedBy: 'crm' },
      },
    ]);
    expect(must(200, await acme.owner('GET', acme.at('/audit?q=crm.search'))).items).toHaveLength(1);
    expect(must(200, await acme.owner('GET', acme.at('/audit?action=api.called'))).items).toHaveLength(1);

    const refused = async (change: object) => (await record([{ ...records[0], ...change }])).body.code;
    expect(await refused({ action: 'token.revoked' })).toBe('INVALID_INPUT');
    expect(await refused({ action: 'Tool.called' })).toBe('INVALID_INPUT');
    expect(await refused({ target: { type: 'account', id: acme.ownerId } })).toBe('INVALID_INPUT');
    expect(await refused({ tokenId: `tok_${'0'.repeat(26)}` })).toBe('UNKNOWN_REFERENCE');
    expect(await refused({ context: { header: `Bearer ${secret}` } })).toBe('SECRET_IN_RECORD');
    expect((await acme.owner('POST', '/v1/audit/records', { records })).status).toBe(403);
  });

  it('finds the signing key readable by its owner alone, and known to no other service', () => {
    expect(statSync(join(stack.dataDir, 'audit', 'checkpoint-key.pem')).mode & 0o777).toBe(0o600);
    for (const name of ['token-command', 'api-gateway', 'audit-projector'] as const) {
      const environment = readFileSync(`/proc/${stack.service(name).pid}/environ`, 'utf8');
      expect(environment.includes('checkpoint-key.pem')).toBe(name === 'audit-projector');
    }
  });

  it(`finds the log whole after the projector was killed ${kills} times while it was written`, async () => {
    const projector = stack.service('audit-projector');
    let [position, killed] = [0, false];
    const writing = (async () => {
      for (let at = 0; !killed; at++) {
        position = (await makeToken(acme, { name: `Token ${at}` })).position;
        // No faster than a projector that is down most of the time can follow.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    for (let kill = 0; kill < kills; kill++) {
      await projector.ready();
      // Each time at another point of reading, applying, signing and publishing.
      await new Promise((resolve) => setTimeout(resolve, (kill * 37) % 350));
      await projector.kill();
    }
    killed = true;
    await writing;
    await projector.ready();
    const args = ['--output', file('whole.ndjson'), '--checkpoint', file('whole'), '--at-least', String(position)];
    await eventually(
      async () => expect(await tollgate('audit', 'export', ...args)).toMatchObject({ status: 0 }),
      60_000,
    );
    const verified = await verify('whole.ndjson', 'whole', file('note'));
    expect(verified).toMatchObject({ status: 0, stdout: expect.stringContaining('goes on from the held checkpoint') });
    const lines = readFileSync(file('whole.ndjson'), 'utf8').trimEnd().split('\n');
    const { rows } = await admin.query<{ count: number }>(
      'SELECT count(*) FROM log.events WHERE org_id = $1 AND position <= $2',
      [acme.org.id, JSON.parse(lines.at(-1)!).position],
    );
    expect(lines).toHaveLength(rows[0]!.count);
    const rebuilt = await tollgate('projections', 'rebuild', 'audit', '--as', 'operator');
    expect(rebuilt).toMatchObject({ status: 0, stdout: expect.stringContaining('identical') });
    const { warnings } = (await (await fetch(`${projector.url}/readyz`)).json()) as { warnings: string[] };
    expect(warnings.join()).not.toContain('contradict');
  }, 600_000);

  it('finds what an organization keeps no longer gone, and the log provable all the same', async () => {
    const other = await makeOrganization(callers);
    const { token } = await makeToken(other, { name: 'Short-lived' });
    const env = ['--org', other.org.id, '--as', other.ownerId];
    const before = await tollgate('audit', 'checkpoint', ...env);
    writeFileSync(file('other-held'), before.stdout);
    const reader = await callers.service('siem', 'audit:read');
    expect((await reader('PUT', other.at('/audit/retention'), { days: 30 })).status).toBe(404);
    expect(must(200, await other.owner('PUT', other.at('/audit/retention'), { days: 30 })).org).toMatchObject({
      auditRetentionDays: 30,
    });
    const later = new Date(Date.now() + 40 * 86_400_000).toISOString();
    must(200, await callers.operator('PUT', '/v1/dev/clock', { now: later }));
    await eventually(async () => {
      const { items } = must(200, await other.owner('GET', other.at(`/audit?target=${token.id}`)));
      expect(items).toEqual([]);
    }, 20_000);
    const { items } = must(200, await other.owner('GET', other.at('/audit?action=audit.entries_removed')));
    expect(items).toMatchObject([{ actor: { type: 'system' }, after: { days: 30 } }]);
    await tollgate('audit', 'export', ...env, '--output', file('short.ndjson'), '--checkpoint', file('short'));
    expect(await verify('short.ndjson', 'short', file('other-held'))).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/retention has removed the contents.*goes on from the held checkpoint/),
    });
    const rebuilt = await tollgate('projections', 'rebuild', 'audit', '--as', 'operator');
    expect(rebuilt.stdout).toContain('identical');
    const projector = await fetch(`${stack.service('audit-projector').url}/readyz`);
    expect(JSON.stringify(await projector.json())).not.toContain(other.org.id);
  }, 40_000);

  const verify = (name: string, note = 'note', held?: string) =>
    tollgate(
      ...['audit', 'verify', '--export', file(name), '--checkpoint', file(note), '--key', key.trim()],
      ...(held ? ['--held', held] : []),
    );
});

describe('after all of that', () => {
  it('every read model equals its rebuild', () => expectRebuildsIdentical(callers));
});
