import { describe, expect, it } from '@jest/globals';
import { isBrokenConnection, isOutcomeUnknown, isRefusedValue, isUnavailable, typeParsers } from './pool.ts';

const state = (code: string) => Object.assign(new Error('refused'), { code, severity: 'ERROR' });
const system = (code: string) => Object.assign(new Error(`connect ${code} 127.0.0.1:5432`), { code });

describe('errors of Postgres', () => {
  it.each([
    ['08006', true, false],
    ['57P01', true, true],
    ['57P03', true, true],
    ['57014', true, false],
    ['25006', true, false],
    ['25P03', true, true],
    ['40P01', true, false],
    ['53300', true, false],
    ['23505', false, false],
    ['22P05', false, false],
    ['42501', false, false],
    ['XX000', false, false],
  ])('%s: unavailable %s, broken connection %s', (code, unavailable, broken) => {
    expect([isUnavailable(state(code)), isBrokenConnection(state(code))]).toEqual([unavailable, broken]);
    expect(isRefusedValue(state(code))).toBe(code.startsWith('22') || code.startsWith('23'));
  });

  it.each([
    [system('ECONNREFUSED'), true, true],
    [system('ECONNRESET'), true, true],
    [system('ETIMEDOUT'), true, false],
    [new Error('Connection terminated unexpectedly'), true, true],
    [new Error('timeout expired'), true, false],
    [new Error('Query read timeout'), true, false],
    [new TypeError('x is not a function'), false, false],
    [undefined, false, false],
  ])('%s: unavailable %s, broken connection %s', (error, unavailable, broken) => {
    expect([isUnavailable(error), isBrokenConnection(error)]).toEqual([unavailable, broken]);
  });
});

describe('whether a statement took effect', () => {
  it.each([
    ['a lost connection', system('ECONNRESET'), true],
    ['no answer in time', new Error('Query read timeout'), true],
    ['a connection that failed', state('08006'), true],
    ['a session that was ended', state('57P01'), true],
    ['a statement that was given up', state('57014'), false],
    ['a deadlock', state('40P01'), false],
    ['a full disk', state('53100'), false],
    ['a refused value', state('23505'), false],
    ['a mistake', new TypeError('x is not a function'), false],
  ])('after %s', (_, error, unknown) => {
    expect(isOutcomeUnknown(error)).toBe(unknown);
  });
});

describe('values of Postgres', () => {
  const parse = (oid: number, text: string) => typeParsers.getTypeParser(oid, 'text')(text) as unknown;

  it('are numbers, instants and texts', () => {
    expect(parse(20, '9007199254740991')).toBe(9007199254740991);
    expect(() => parse(20, '9007199254740993')).toThrow('does not fit');
    expect(parse(1184, '2026-01-31 12:00:00.125+00')).toBe('2026-01-31T12:00:00.125Z');
    expect(parse(1184, '2026-01-31 12:00:00.1+00')).toBe('2026-01-31T12:00:00.100Z');
    expect(parse(1184, '2026-01-31 12:00:00.123999+00')).toBe('2026-01-31T12:00:00.123Z');
    expect(parse(1184, '2026-01-31 12:00:00+00')).toBe('2026-01-31T12:00:00.000Z');
    expect(parse(1184, '2026-01-31 13:30:00+01:30')).toBe('2026-01-31T12:00:00.000Z');
    expect(parse(1184, 'infinity')).toBe('infinity');
    expect(parse(1082, '2026-01-31')).toBe('2026-01-31');
    expect(parse(1114, '2026-01-31 12:00:00')).toBe('2026-01-31 12:00:00');
    expect(parse(1700, '1.50')).toBe('1.50');
    expect(parse(3802, '{"a":1}')).toEqual({ a: 1 });
  });
});
