import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.ts';
import { maskSecrets } from './masking.ts';
import { withRequest } from './request-context.ts';

const hex = '0123456789abcdef'.repeat(4);
const token = `sk_live_${hex}_a1B2c3`;
const withoutEnvironment = `prod_${hex}_ZZ99zz`;
const jwt = `eyJ${'hbGciOiJFUzI1NiJ9'}.eyJzdWIiOiJvcGVyYXRvciJ9.c2lnbmF0dXJlLWNhbmFyeQ`;
const opaque = 'b3BhcXVlLWNyZWRlbnRpYWw=';
const canaries = [hex, 'c2lnbmF0dXJlLWNhbmFyeQ', opaque];

const level = process.env['TOLLGATE_LOG_LEVEL'];
beforeAll(() => {
  process.env['TOLLGATE_LOG_LEVEL'] = 'info';
});
afterAll(() => {
  if (level === undefined) delete process.env['TOLLGATE_LOG_LEVEL'];
  else process.env['TOLLGATE_LOG_LEVEL'] = level;
});

function linesOf(log: (logger: ReturnType<typeof createLogger>) => void): string {
  let lines = '';
  log(createLogger('test', { write: (line) => (lines += line) }));
  return lines;
}

function expectNoCanary(lines: string): void {
  for (const canary of canaries) expect(lines).not.toContain(canary);
}

describe('secrets never reach a log line', () => {
  const thrown = new Error(`refused ${token}`, { cause: new Error(`Bearer ${opaque}`) });
  it.each<[string, (logger: ReturnType<typeof createLogger>) => void]>([
    ['in a message', (logger) => logger.info(`got ${token} and ${withoutEnvironment} and ${jwt}`)],
    ['in a format argument', (logger) => logger.info('got %s', token)],
    ['in a bound field', (logger) => logger.child({ wanted: token, bearer: `Bearer ${opaque}` }).info('x')],
    [
      'in a nested object',
      (logger) =>
        logger.info({ request: { headers: { authorization: opaque, Authorization: [`Basic ${opaque}`] } } }, 'x'),
    ],
    ['in a list', (logger) => logger.info({ list: [token, { deep: jwt }] }, 'x')],
    ['in an error, its stack and its cause', (logger) => logger.error({ err: thrown }, 'failed')],
    ['in an error given first', (logger) => logger.error(thrown)],
    [
      'in JSON inside a text',
      (logger) => logger.info(JSON.stringify({ body: JSON.stringify({ authorization: opaque, token }) })),
    ],
    ['with a quote inside', (logger) => logger.info({ password: `a"${opaque}` }, 'x')],
    ['in a URL', (logger) => logger.info(`postgres://user:${opaque.slice(0, -1)}@127.0.0.1/db`)],
    ['as a key', (logger) => logger.info({ [token]: 1 }, 'x')],
  ])('%s', (_where, log) => {
    const lines = linesOf(log);
    expectNoCanary(lines);
    expect(lines).toContain('[masked]');
    expect(() => JSON.parse(lines)).not.toThrow();
  });

  it('keeps ids and digests that are not secret readable', () => {
    const text = `evt_${hex.slice(0, 32)} tok_01j9zq3v5w8k2m4n6p7r9s1t3v ${hex}`;
    expect(maskSecrets(text)).toBe(text);
  });

  it('takes time in proportion to the text', () => {
    const long = 'a_'.repeat(200_000) + 'eyJ'.repeat(100_000) + '"authorization'.repeat(20_000);
    const started = performance.now();
    maskSecrets(long);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('log lines', () => {
  it('carry level, service, logger, time, message and the request they belong to', () => {
    const line = JSON.parse(linesOf((logger) => withRequest('req_1', () => logger.warn({ count: 2 }, 'hello'))));
    expect(line).toMatchObject({
      level: 'warn',
      service: 'tollgate',
      logger: 'test',
      msg: 'hello',
      requestId: 'req_1',
      count: 2,
    });
    expect(new Date(line.time).toISOString()).toBe(line.time);
  });

  it('leave out what drivers add to errors', () => {
    const error = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(a@example.com) exists.',
    });
    const line = JSON.parse(linesOf((logger) => logger.error({ err: error }, 'x')));
    expect(line.err).toMatchObject({ type: 'Error', code: '23505', message: 'duplicate key' });
    expect(JSON.stringify(line)).not.toContain('example.com');
  });
});
