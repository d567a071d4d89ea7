import { describe, expect, it } from '@jest/globals';
import { TollgateError } from '@tollgate/contracts';
import { asTollgateError } from './outage.ts';

const coded = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });
const named = (name: string): Error => Object.assign(new Error('x'), { name });

describe('asTollgateError', () => {
  it.each<[string, unknown]>([
    ['a refused connection', coded('ECONNREFUSED')],
    ['a reset connection', coded('ECONNRESET')],
    ['an unknown host', coded('ENOTFOUND')],
    ['all addresses refused', new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])],
    ['a Postgres that shuts down', coded('57P01')],
    ['a Postgres that starts up', coded('57P03')],
    ['a Postgres with too many clients', coded('53300')],
    ['a Postgres connection exception', coded('08006')],
    ['a Postgres that gave up a slow statement', coded('57014')],
    ['a Postgres that gave up for somebody else', coded('40P01')],
    ['a Postgres whose disk fails', coded('58030')],
    ['a connection that ended', new Error('Connection terminated unexpectedly')],
    ['a pool that found no connection in time', new Error('timeout exceeded when trying to connect')],
    ['a Postgres that does not answer', new Error('Query read timeout')],
    ['a closed NATS connection', named('ClosedConnectionError')],
    ['an outage below another error', new Error('could not append', { cause: coded('ECONNREFUSED') })],
    ['a failed fetch', new TypeError('fetch failed', { cause: coded('ECONNREFUSED') })],
  ])('says SERVICE_UNAVAILABLE for %s', (_what, error) => {
    expect(asTollgateError(error)).toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause: error });
  });

  it.each<[string, unknown]>([
    ['a bug', new TypeError('x is not a function')],
    ['a unique violation', coded('23505')],
    ['a missing file', coded('ENOENT')],
    ['one refused address of two different failures', new AggregateError([coded('ECONNREFUSED'), new Error('x')])],
    ['no error at all', undefined],
    ['a text', 'canary'],
  ])('says INTERNAL for %s, and nothing of it', (_what, error) => {
    const result = asTollgateError(error);
    expect(result).toMatchObject({ code: 'INTERNAL', cause: error });
    expect(result.message).not.toContain('canary');
  });

  it('leaves a refusal as it is', () => {
    const refusal = new TollgateError('LAST_OWNER', 'Make another account owner first.');
    expect(asTollgateError(refusal)).toBe(refusal);
  });
});
