import { describe, expect, it } from '@jest/globals';
import { eventTypes } from './catalogue.ts';
import { isEventType, upcast, upcasts, UnknownEventError, type Upcasts } from './upcasts.ts';

describe('upcast', () => {
  const known = { Greeted: { version: 3 } };
  const steps: Upcasts = {
    Greeted: {
      1: (data) => ({ name: data as string }),
      2: (data) => ({ ...(data as object), politely: false }),
    },
  };
  const greeted = (typeVersion: number, data: unknown) => ({ type: 'Greeted', typeVersion, data });

  it('takes an old version through every step in between', () => {
    expect(upcast(greeted(1, 'Ada'), known, steps)).toEqual({ typeVersion: 3, data: { name: 'Ada', politely: false } });
    expect(upcast(greeted(2, { name: 'Ada' }), known, steps)).toEqual({
      typeVersion: 3,
      data: { name: 'Ada', politely: false },
    });
  });

  it('leaves the newest version as it is, so that decoding twice is harmless', () => {
    const data = { name: 'Ada', politely: true };
    expect(upcast(greeted(3, data), known, steps)).toEqual({ typeVersion: 3, data });
  });

  it.each([
    [
      'a type that is not in the catalogue',
      { type: 'Forgotten', typeVersion: 1, data: {} },
      'the event type Forgotten is not in',
    ],
    [
      'a name that every object has',
      { type: 'toString', typeVersion: 1, data: {} },
      'the event type toString is not in',
    ],
    [
      'a version that is newer than the catalogue',
      greeted(4, {}),
      'Greeted is of version 4 and this program knows 1 to 3',
    ],
    ['a version that cannot be', greeted(0, {}), 'Greeted is of version 0 and this program knows 1 to 3'],
  ])('refuses %s and says what to do', (_, event, message) => {
    expect(() => upcast(event, known, steps)).toThrow(UnknownEventError);
    expect(() => upcast(event, known, steps)).toThrow(message);
    expect(() => upcast(event, known, steps)).toThrow('deploy a newer one');
  });

  it('refuses a gap in the steps', () => {
    expect(() => upcast(greeted(1, 'Ada'), known, { Greeted: { 2: (data) => data } })).toThrow(
      'Greeted has no upcast from version 1 to 2',
    );
  });

  it('has a step for every version that is not the newest, and no other', () => {
    const needed = Object.entries(eventTypes)
      .filter(([, { version }]) => version > 1)
      .map(([type, { version }]) => [type, Array.from({ length: version - 1 }, (_, i) => String(i + 1))]);
    expect(Object.entries(upcasts).map(([type, list]) => [type, Object.keys(list ?? {})])).toEqual(needed);
  });

  it('knows the names of the catalogue', () => {
    expect(isEventType('TokenRevoked')).toBe(true);
    expect(isEventType('constructor')).toBe(false);
  });
});
