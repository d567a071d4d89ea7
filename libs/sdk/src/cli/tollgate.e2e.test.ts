import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAccount } from '@nats-io/nkeys';
import { mintSecret } from '@tollgate/credential';
import { loadOrCreateDevelopmentKey } from '@tollgate/identity';
import { decodeJwt } from 'jose';

/** The program as people run it (built by `npm test`), against a stand-in for the stack: its state file and an HTTP server. */
const program = fileURLToPath(new URL('../../bin/tollgate.mjs', import.meta.url));
const vectors = new URL('../../../proration/vectors/', import.meta.url);
const org = 'org_01jd0000000000000000000000';
const tok = 'tok_01jd0000000000000000000000';
const acc = 'acc_01jd0000000000000000000000';
const secret = mintSecret({ prefix: 'sk', environment: 'live', randomBytes: new Uint8Array(32).fill(7) });

interface Finished {
  status: number | null;
  stdout: string;
  stderr: string;
}

let dataDir: string;
let server: Server;
let seen: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[];
let answer: { status: number; body: unknown };

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      seen.push({ method: request.method as string, url: request.url as string, headers: request.headers, body });
      response
        .writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8' })
        .end(JSON.stringify(answer.body));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  dataDir = await mkdtemp(join(tmpdir(), 'tollgate-cli-'));
  await loadOrCreateDevelopmentKey(dataDir);
  await writeState({});
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dataDir, { recursive: true });
});
beforeEach(() => {
  seen = [];
  answer = { status: 200, body: {} };
});

async function writeState(changes: object): Promise<void> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const secretsFile = join(dataDir, 'secrets.json');
  const natsAccountKeysFile = join(dataDir, 'nats-keys.json');
  const databaseUrls = { 'token-command': 'postgres://writer@127.0.0.1:5444/tollgate' };
  await writeFile(
    secretsFile,
    JSON.stringify({ databaseAdminUrl: 'postgres://root@127.0.0.1:5444/tollgate', databaseUrls }),
  );
  const keys = {
    account: createAccount().getPublicKey(),
    signingSeed: new TextDecoder().decode(createAccount().getSeed()),
  };
  await writeFile(natsAccountKeysFile, JSON.stringify(keys));
  const state = {
    dataDir,
    launcherPid: process.pid,
    dev: true,
    httpUrl: url,
    verifierUrl: url,
    natsUrl: 'nats://127.0.0.1:4333',
    embedded: { nats: true, postgres: true },
    postgres: '127.0.0.1:5444/tollgate',
    issuer: `${url}/dev/issuer`,
    audience: 'tollgate',
    services: { 'billing-meter': { url: 'http://127.0.0.1:9', metricsUrl: 'http://127.0.0.1:9', logFile: '' } },
    secretsFile,
    natsAccountKeysFile,
    natsCredsDir: null,
    ...changes,
  };
  await writeFile(join(dataDir, 'stack.json'), JSON.stringify(state));
}

function tollgate(args: string[], options: { env?: Record<string, string>; input?: string } = {}): Promise<Finished> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('TOLLGATE_') && name !== 'NODE_OPTIONS',
  );
  const env = { ...Object.fromEntries(inherited), TOLLGATE_DATA_DIR: dataDir, ...options.env };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], { env });
    const output: Finished = { status: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (output.stdout += chunk));
    child.stderr.on('data', (chunk) => (output.stderr += chunk));
    child.on('close', (status) => resolve({ ...output, status }));
    child.stdin.on('error', () => undefined); // a program that reads nothing closes its end first
    child.stdin.end(options.input ?? '');
  });
}

const caller = () => decodeJwt((seen.at(-1)?.headers.authorization as string).slice('Bearer '.length));

describe('offline', () => {
  it('tells the parts of a secret without the secret', async () => {
    const good = await tollgate(['token', 'format', secret], { env: { TOLLGATE_DATA_DIR: '/nowhere' } });
    expect(good).toMatchObject({ status: 0, stderr: '' });
    expect(good.stdout).toMatch(/^well-formed\nprefix +sk\nenvironment +live\nhint +sk_live_\.\.\./);
    expect(await tollgate(['token', 'format', '-', '--json'], { input: `${secret}\n` })).toMatchObject({
      status: 0,
      stdout: `{"wellFormed":true,"prefix":"sk","environment":"live","hint":"sk_live_...${secret.slice(-4)}"}\n`,
    });
    const mistyped = `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`;
    for (const [text, word] of [
      [mistyped, 'checksum'],
      ['hello', 'form'],
    ] as const) {
      const bad = await tollgate(['token', 'format', text]);
      expect([bad.status, bad.stdout]).toEqual([1, '']);
      expect(bad.stderr).toContain(word);
      expect(bad.stderr).not.toContain(text);
    }
    expect((await tollgate(['token', 'format', ''])).status).toBe(2);
  });

  it('prorates the published vectors', async () => {
    const { vectors: lines } = JSON.parse(await readFile(new URL('proration.json', vectors), 'utf8')) as {
      vectors: { id: string; expected: string }[];
    };
    const input = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n\n`;
    const { status, stdout } = await tollgate(['billing', 'prorate'], { input });
    expect(status).toBe(0);
    const results = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; amount: string });
    expect(results.map(({ id, amount }) => [id, amount])).toEqual(lines.map(({ id, expected }) => [id, expected]));
    expect(Object.keys(results[0] as object)).toEqual(['id', 'numerator', 'denominator', 'amount']);
    const broken = await tollgate(['billing', 'prorate'], { input: '\n{"id":"a"}\n' });
    expect(broken).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('line 2: ') });
  });

  it('prints the starts of the published periods', async () => {
    const { vectors: cases } = JSON.parse(await readFile(new URL('periods.json', vectors), 'utf8')) as {
      vectors: { anchor: string; timeZone: string; interval: string; starts: string[] }[];
    };
    for (const { anchor, timeZone, interval, starts } of cases) {
      const args = ['--anchor', anchor, '--time-zone', timeZone, '--interval', interval, '--count', `${starts.length}`];
      expect(await tollgate(['billing', 'periods', ...args])).toEqual({
        status: 0,
        stdout: `${starts.join('\n')}\n`,
        stderr: '',
      });
    }
    const wrong = ['--anchor', '2025-01-31', '--time-zone', 'Mars/Base', '--interval', 'P1M', '--count', '1'];
    expect((await tollgate(['billing', 'periods', ...wrong])).status).toBe(2);
  });
});

describe('operations', () => {
  it('send what the options say and print exactly the answer with --json', async () => {
    answer = { status: 201, body: { token: { id: tok, version: 1 }, secret, position: 4 } };
    const args = ['tokens', 'create', '--name', 'My Claude', '--account-id', acc, '--scope', 'single-space'];
    const more = ['--space-id', 'spc_1', '--acknowledge-billing', '--idempotency-key', 'k1', '--as', acc];
    const { status, stdout } = await tollgate([...args, ...more, '--json'], { env: { TOLLGATE_ORG: org } });
    expect([status, stdout]).toEqual([0, `${JSON.stringify(answer.body)}\n`]);
    expect(seen).toMatchObject([
      { method: 'POST', url: `/v1/orgs/${org}/tokens`, headers: { 'idempotency-key': 'k1' } },
    ]);
    expect(JSON.parse(seen[0]?.body as string)).toEqual({
      name: 'My Claude',
      accountId: acc,
      scope: { type: 'single-space', spaceId: 'spc_1' },
      acknowledgeBilling: true,
    });
    // Before the command it means the same.
    expect((await tollgate(['--json', ...args, ...more], { env: { TOLLGATE_ORG: org } })).stdout).toBe(stdout);
    expect(caller()).toMatchObject({ sub: acc, org, aud: 'tollgate' });
    const shown = await tollgate([...args, ...more], { env: { TOLLGATE_ORG: org } });
    expect(shown.stdout).toMatch(new RegExp(`\n${secret}\n.*shown this once`));
  });

  it('take ids in their order, repeated options and values without a JWT of the environment', async () => {
    const args = [
      'members',
      'put',
      'spc_1',
      acc,
      '--org',
      org,
      '--permission',
      'agents:list',
      '--permission',
      'chat:*',
    ];
    await tollgate(args, { env: { TOLLGATE_ACCOUNT: acc } });
    expect(seen[0]).toMatchObject({ method: 'PUT', url: `/v1/orgs/${org}/spaces/spc_1/members/${acc}` });
    expect(seen[0]?.body).toBe('{"permissions":["agents:list","chat:*"]}');
    await tollgate(['orgs', 'get', org], { env: { TOLLGATE_JWT: 'given' } });
    expect(seen[1]?.headers.authorization).toBe('Bearer given');
    await tollgate(['orgs', 'get', org]);
    expect(caller()).toMatchObject({ sub: 'operator', scope: 'platform:operate' });
  });

  it('verify a secret, from standard input too; one that does not hold is status 1', async () => {
    answer.body = { valid: true, code: 'OK' };
    expect((await tollgate(['tokens', 'verify', '-', '--resource', 'agents'], { input: `${secret}\n` })).status).toBe(
      0,
    );
    expect(seen[0]).toMatchObject({ url: '/v1/verify', body: JSON.stringify({ resource: 'agents', token: secret }) });
    expect(caller()).toMatchObject({ sub: 'cli', scope: 'tokens:verify' });
    answer.body = { valid: false, code: 'TOKEN_INVALID' };
    const refused = await tollgate(['tokens', 'verify', secret, '--json']);
    expect(refused).toMatchObject({ status: 1, stdout: '{"valid":false,"code":"TOKEN_INVALID"}\n' });
  });

  it('show a page that may also be had as text as a table; scripts and files get it as it is', async () => {
    const item = { lineNo: 1, id: 'lin_1', tokenId: tok, plan: 'pro', amount: { amount: '1416', currency: 'EUR' } };
    answer.body = { items: [item], nextCursor: 'c2' };
    const lines = ['billing', 'lines', '1', '--org', org, '--as', 'service:finance'];
    const shown = await tollgate([...lines, '--cursor', 'c1']);
    expect(seen[0]?.url).toBe(`/v1/orgs/${org}/billing/statements/1/lines?cursor=c1`);
    expect(shown.stdout).toMatch(/^ lineNo +id +tokenId[^]*14\.16 EUR[^]*There are more: --cursor c2\n$/);
    expect((await tollgate([...lines, '--json'])).stdout).toBe(JSON.stringify(answer.body));
    const file = join(dataDir, 'lines.json');
    expect((await tollgate([...lines, '--output', file])).stdout).toBe('');
    expect(await readFile(file, 'utf8')).toBe(JSON.stringify(answer.body));
  });

  it('take JSON from a file', async () => {
    const file = join(dataDir, 'requests.json');
    await writeFile(file, '[{"token":"a"}]');
    await tollgate(['tokens', 'verify-batch', '--requests', `@${file}`]);
    expect(seen[0]?.body).toBe('{"requests":[{"token":"a"}]}');
    const missing = await tollgate(['tokens', 'verify-batch', '--requests', '@/nowhere']);
    expect([missing.status, missing.stderr]).toEqual([2, '/nowhere cannot be read: ENOENT.\n']);
  });

  it('report a refusal on stderr with status 1', async () => {
    const errors = [{ path: 'name', message: 'is required' }];
    answer = { status: 400, body: { code: 'INVALID_INPUT', detail: 'Look.', errors } };
    expect(await tollgate(['orgs', 'get', org, '--json'])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'INVALID_INPUT: Look.\n  name: is required\n',
    });
  });

  it('want a confirmation for what is final', async () => {
    const revoke = ['tokens', 'revoke', tok, '--org', org, '--as', acc];
    const unsure = await tollgate(revoke);
    expect([unsure.status, unsure.stderr, seen.length]).toEqual([2, expect.stringContaining('--yes'), 0]);
    expect((await tollgate([...revoke, '--yes', '--if-match', '3'])).status).toBe(0);
    expect(seen[0]).toMatchObject({ url: `/v1/orgs/${org}/tokens/${tok}/revoke`, headers: { 'if-match': '"3"' } });
  });

  it.each([
    [['nonsense']],
    [['tokens']],
    [['tokens', 'nonsense']],
    [['tokens', 'get']],
    [['tokens', 'get', tok]],
    [['tokens', 'get', tok, '--org', org]],
    [['tokens', 'get', tok, '--org', org, '--as', 'somebody']],
    [['tokens', 'list', '--org', org, '--as', acc, '--limit', 'many']],
    [['tokens', 'list', '--org', org, '--as', acc, '--nonsense']],
    [['tokens', 'create', '--org', org, '--as', acc, '--name', 'x', '--account-id', acc, '--scope', 'wide']],
    [['orgs', 'create', '--name', 'x']],
    [['jwt']],
    [['nats', 'creds', 'x', '--allow', 'everything']],
    [['projections', 'rebuild', 'nonsense']],
  ])('with wrong usage end with status 2 and a word on stderr: %j', async (args) => {
    const { status, stdout, stderr } = await tollgate(args);
    expect({ status, stdout, calls: seen.length }).toEqual({ status: 2, stdout: '', calls: 0 });
    expect(stderr.trim()).not.toBe('');
  });

  it('are listed by --help', async () => {
    const { status, stdout } = await tollgate(['tokens', '--help']);
    expect(status).toBe(0);
    for (const verb of ['create', 'regenerate', 'revoke', 'verify-batch']) expect(stdout).toContain(verb);
    expect(stdout).not.toContain('delete');
  });
});

describe('a stack', () => {
  it('signs JWTs for an hour', async () => {
    const { stdout } = await tollgate(['jwt', '--service', 'n8n', '--scope', 'tokens:verify audit:read']);
    const claims = decodeJwt(stdout.trim());
    expect(claims).toMatchObject({ sub: 'n8n', scope: 'tokens:verify audit:read' });
    expect((claims.exp as number) - (claims.iat as number)).toBe(3600);
  });

  it('limits a service to no organization because TOLLGATE_ORG is set, but an account', async () => {
    const env = { TOLLGATE_ORG: org };
    const service = await tollgate(['jwt', '--service', 'n8n', '--scope', 'tokens:verify'], { env });
    expect(decodeJwt(service.stdout.trim())).not.toHaveProperty('org');
    const account = await tollgate(['jwt', '--account', `acc_${'0'.repeat(26)}`], { env });
    expect(decodeJwt(account.stdout.trim())).toMatchObject({ org });
  });

  it('tells its addresses and its database', async () => {
    const env = await tollgate(['env']);
    expect(env.stdout).toContain('export TOLLGATE_NATS_PORT=4333\n');
    expect(env.stdout).toContain('export TOLLGATE_BILLING_METER_HEALTH_URL=http://127.0.0.1:9\n');
    expect((await tollgate(['db', 'url'])).stdout).toBe('postgres://writer@127.0.0.1:5444/tollgate\n');
    expect((await tollgate(['db', 'url', '--superuser'])).stdout).toBe('postgres://root@127.0.0.1:5444/tollgate\n');
  });

  it('makes a NATS user that may only verify', async () => {
    const { status, stdout, stderr } = await tollgate(['nats', 'creds', 'n8n', '--allow', 'verify']);
    expect([status, stderr]).toEqual([0, expect.stringContaining('nats://127.0.0.1:4333')]);
    const jwt = /-----BEGIN NATS USER JWT-----\n(.+)\n/.exec(stdout)?.[1] as string;
    expect(decodeJwt(jwt)).toMatchObject({
      name: 'n8n',
      nats: { pub: { allow: ['tollgate.v1.tokens.verify', 'tollgate.v1.tokens.verify-batch', '$SRV.>'] } },
    });
    expect(stdout).toContain('BEGIN USER NKEY SEED');
  });

  it('reports what a rebuild found by its status', async () => {
    answer.body = { projection: 'seats', position: 9, identical: true, tables: [], differences: [] };
    expect((await tollgate(['projections', 'rebuild', 'seats'])).status).toBe(0);
    expect(seen[0]?.url).toBe('/v1/projections/seats/rebuild');
    answer.body = { projection: 'seats', position: 9, identical: false, tables: [], differences: ['row 3'] };
    expect(await tollgate(['projections', 'rebuild', 'seats'])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('row 3'),
    });
  });

  it('that does not run is told in a sentence', async () => {
    const nowhere = { env: { TOLLGATE_DATA_DIR: join(dataDir, 'nothing') } };
    for (const args of [['env'], ['db', 'url'], ['jwt', '--operator'], ['orgs', 'get', org]]) {
      const { status, stdout, stderr } = await tollgate(args, nowhere);
      expect([status, stdout, stderr.split('\n')]).toEqual([1, '', [expect.stringContaining('npm start'), '']]);
    }
    await writeState({ httpUrl: 'http://127.0.0.1:1' });
    expect((await tollgate(['orgs', 'get', org])).stderr).toMatch(/^SERVICE_UNAVAILABLE: .*npm start/);
    await writeState({ launcherPid: 2 ** 22 + 1 });
    expect((await tollgate(['env'])).stderr).toContain('No stack runs');
    await writeState({});
  });
});
