import { describe, expect, it, jest } from '@jest/globals';
import { outsideGrants, rebuildOperations, type StackState } from '@tollgate/contracts';
import { run } from '../main.ts';
import { environmentOf } from './env.ts';
import { callerOf } from './jwt.ts';
import { readGrants } from './nats-creds.ts';
import { describeRebuild } from './projections-rebuild.ts';

describe('tollgate jwt', () => {
  it('is for exactly one of operator, account and service', () => {
    expect(callerOf({ operator: true })).toEqual({ type: 'operator' });
    expect(callerOf({ org: 'org_1', account: 'acc_1' })).toEqual({ type: 'account', account: 'acc_1', org: 'org_1' });
    expect(callerOf({ service: 'n8n', scope: 'tokens:verify  audit:read' })).toEqual({
      type: 'service',
      name: 'n8n',
      scopes: ['tokens:verify', 'audit:read'],
    });
    for (const wrong of [{}, { operator: true, service: 'x' }, { account: 'acc_1' }, { operator: true, scope: 'x' }]) {
      expect(() => callerOf(wrong)).toThrow(expect.objectContaining({ name: 'UsageError' }));
    }
  });
});

describe('tollgate env', () => {
  it('names every address', () => {
    const state = {
      dataDir: '/data dir',
      httpUrl: 'http://127.0.0.1:8080',
      verifierUrl: 'http://127.0.0.1:8081',
      natsUrl: 'nats://127.0.0.1:4333',
      postgres: '127.0.0.1:5444/tollgate',
      services: {
        'token-command': { url: 'http://127.0.0.1:9001', metricsUrl: 'http://127.0.0.1:9001', logFile: 'x' },
      },
    } as unknown as StackState;
    expect(environmentOf(state)).toEqual({
      TOLLGATE_HTTP_URL: 'http://127.0.0.1:8080',
      TOLLGATE_VERIFIER_URL: 'http://127.0.0.1:8081',
      TOLLGATE_HTTP_PORT: '8080',
      TOLLGATE_VERIFIER_PORT: '8081',
      TOLLGATE_NATS_URL: 'nats://127.0.0.1:4333',
      TOLLGATE_NATS_PORT: '4333',
      TOLLGATE_POSTGRES_PORT: '5444',
      TOLLGATE_DATA_DIR: '/data dir',
      TOLLGATE_TOKEN_COMMAND_HEALTH_URL: 'http://127.0.0.1:9001',
      TOLLGATE_TOKEN_COMMAND_METRICS_URL: 'http://127.0.0.1:9001',
    });
  });
});

describe('tollgate nats creds', () => {
  it('allows what there is to allow', () => {
    expect(readGrants('verify, events-feed')).toEqual(['verify', 'events-feed']);
    expect(() => readGrants('verify,everything')).toThrow('"everything" cannot be allowed. Choose from verify');
  });
});

describe('the help of a command that loads no contracts', () => {
  it.each([
    ['nats creds', outsideGrants],
    ['projections rebuild', Object.keys(rebuildOperations)],
  ])('%s names all that there is to choose from', async (command, names) => {
    const written = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      expect(await run([...command.split(' '), '--help'])).toBe(0);
      const help = written.mock.calls.map(([text]) => String(text)).join('');
      expect(names.filter((name) => !help.includes(name))).toEqual([]);
    } finally {
      written.mockRestore();
    }
  });
});

describe('tollgate projections rebuild', () => {
  it('says which table differs', () => {
    const table = { name: 'seats', rows: 1, liveDigest: 'a', rebuiltDigest: 'a' };
    const report = { projection: 'seats', position: 9, identical: true, tables: [table], differences: [] };
    expect(describeRebuild(report)).toBe(
      'seats was rebuilt at position 9: identical to the running tables.\n  seats: 1 row, identical',
    );
    const differing = { ...table, rows: 2, rebuiltDigest: 'b' };
    expect(describeRebuild({ ...report, identical: false, tables: [differing], differences: ['seats row 1: x'] })).toBe(
      'seats was rebuilt at position 9: the running tables differed.\n  seats: 2 rows, differs (running a, rebuilt b)\n  seats row 1: x',
    );
  });
});
