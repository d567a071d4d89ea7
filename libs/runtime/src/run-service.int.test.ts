import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startNats, type TestNats } from '@tollgate/stack';
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from './testing/fixtures.ts';

/** JSON as it came; the assertions say what it must be. */
type Json = any;

let nats: TestNats;
let env: Record<string, string>;

beforeAll(async () => {
  nats = await startNats();
  env = {
    PATH: process.env['PATH'] ?? '',
    TOLLGATE_SERVICE_PORT: '0',
    TOLLGATE_NATS_URL: nats.url,
    TOLLGATE_NATS_CREDS: await nats.credsFor('service', 'everything'),
    TOLLGATE_OIDC_ISSUER: 'http://127.0.0.1:1/issuer',
  };
});

afterAll(() => nats?.stop());

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Started {
  readonly child: ChildProcess;
  readonly lines: Json[];
  readonly exit: Promise<number | null>;
  url(): Promise<string>;
}

function start(more: Record<string, string> = {}): Started {
  const child = fork(fileURLToPath(new URL('./testing/process.ts', import.meta.url)), {
    env: { ...env, ...more },
    execArgv: ['--conditions=@tollgate/source'],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  children.push(child);
  const lines: Json[] = [];
  let rest = '';
  child.stdout?.on('data', (data: Buffer) => {
    const parts = (rest + String(data)).split('\n');
    rest = parts.pop() as string;
    // Throws, and so fails the test, when a line is not JSON.
    lines.push(...parts.map((line) => JSON.parse(line)));
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = async (): Promise<string> => {
    await until(async () => lines.some(({ msg }) => msg === 'ready to serve'), 45_000);
    return lines.find(({ msg }) => msg === 'ready to serve').url;
  };
  return { child, lines, exit, url };
}

describe('the process of a service', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('finishes what is in flight at %s, then exits with 0', async (signal) => {
    const { child, exit, url, lines } = start();
    const slow = fetch(`${await url()}/slow`);
    await until(async () => lines.some(({ msg }) => msg === 'a slow request has come'), 10_000);
    child.kill(signal);
    const answer = await slow;
    expect(await answer.json()).toEqual({ done: true });
    // So that the client keeps no connection to a process that ends.
    expect(answer.headers.get('connection')).toBe('close');
    expect(await exit).toBe(0);
    expect(lines.every(({ level, service, time, msg }) => level && service === 'billing-meter' && time && msg)).toBe(
      true,
    );
  });

  it('exits with 0 when its launcher is gone', async () => {
    const { child, exit, url } = start();
    await url();
    child.disconnect();
    expect(await exit).toBe(0);
  });

  it('exits with 1 and one clear line when it cannot start', async () => {
    const { exit, lines } = start({ TOLLGATE_DEV: '1', NODE_ENV: 'production' });
    expect(await exit).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'fatal',
      msg: expect.stringContaining('TOLLGATE_DEV must not be 1 when NODE_ENV is production'),
    });
  });
});
