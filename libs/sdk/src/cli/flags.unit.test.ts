import { describe, expect, it } from '@jest/globals';
import { allOperations, auditList, membersPut, orgsCreate, tokensCreate, tokensUpdate } from '@tollgate/contracts';
import { z } from 'zod';
import { flagsOf, inputFrom, readFlag, type Flag, type Schema } from './flags.ts';

const flags = (schema: z.ZodType, omit: string[] = ['org']) =>
  flagsOf(z.toJSONSchema(schema, { io: 'input' }) as Schema, omit);
const named = (list: readonly Flag[], name: string) => list.find((flag) => flag.name === name) as Flag;

describe('options from input schemas', () => {
  it('make a choice of shapes two options', () => {
    const create = flags(tokensCreate.input);
    expect(named(create, 'scope')).toMatchObject({ choices: ['single-space', 'multi-space'], required: true });
    expect(named(create, 'space-id')).toMatchObject({
      path: ['scope', 'spaceId'],
      variant: { flag: 'scope', value: 'single-space', required: true },
    });
    expect(inputFrom(create, { scope: 'multi-space' })).toEqual({ scope: { type: 'multi-space' } });
    expect(inputFrom(create, { scope: 'single-space', 'space-id': 'spc_1' })).toEqual({
      scope: { type: 'single-space', spaceId: 'spc_1' },
    });
    expect(() => inputFrom(create, { scope: 'single-space' })).toThrow('--scope single-space needs --space-id.');
    expect(() => inputFrom(create, { scope: 'multi-space', 'space-id': 'x' })).toThrow(
      '--space-id goes with --scope single-space.',
    );
  });

  it('write names in kebab case, know what is required and what may be chosen', () => {
    const create = flags(tokensCreate.input);
    expect(named(create, 'account-id')).toMatchObject({ path: ['accountId'], kind: 'text', required: true });
    expect(named(create, 'acknowledge-billing')).toMatchObject({ kind: 'boolean', required: false });
    expect(named(create, 'product')).toMatchObject({ required: false, defaultValue: 'default' });
    expect(named(create, 'environment')).toMatchObject({ choices: ['live', 'test'] });
    expect(named(create, 'org')).toBeUndefined();
  });

  it('flatten an object below its name, without asking for any of it', () => {
    const create = flags(orgsCreate.input);
    expect(named(create, 'billing-policy')).toMatchObject({ path: ['billing', 'policy'], required: false });
    expect(inputFrom(create, { name: 'Acme', 'billing-interval': 'P1Y' })).toEqual({
      name: 'Acme',
      billing: { interval: 'P1Y' },
    });
  });

  it('repeat a list in the singular, with a word for none', () => {
    const permission = named(flags(membersPut.input), 'permission');
    expect(permission).toMatchObject({ kind: 'list', path: ['permissions'], required: true });
    expect(readFlag(permission, 'agents:list', undefined)).toEqual(['agents:list']);
    expect(readFlag(permission, '*', ['agents:list'])).toEqual(['agents:list', '*']);
    expect(readFlag(permission, 'none', undefined)).toEqual([]);
  });

  it('read numbers and JSON, and say so if they are none', () => {
    const limit = named(flags(auditList.input), 'limit');
    expect(readFlag(limit, '5', undefined)).toBe(5);
    expect(() => readFlag(limit, 'five', undefined)).toThrow('--limit takes a number.');
    const list = named(flags(z.strictObject({ requests: z.array(z.strictObject({ token: z.string() })) })), 'requests');
    expect(readFlag(list, '[{"token":"x"}]', undefined)).toEqual([{ token: 'x' }]);
    expect(() => readFlag(list, '[', undefined)).toThrow('--requests takes JSON.');
  });

  it('leave out fields that may be anything', () => {
    const names = flags(tokensUpdate.input).map((flag) => flag.name);
    expect(names).toContain('name');
    expect(names).not.toContain('scope');
  });

  it('take a word for null where the input takes that', () => {
    const update = flags(
      z.strictObject({
        expiresAt: z.string().nullable().optional(),
        teamId: z.string().regex(/^tea_/).nullable().optional(),
        name: z.string(),
      }),
    );
    expect(named(update, 'expires-at')).toMatchObject({ kind: 'text', nullable: true });
    expect(named(update, 'team-id')).toMatchObject({ kind: 'text', nullable: true });
    expect(readFlag(named(update, 'expires-at'), 'none', undefined)).toBeNull();
    expect(readFlag(named(update, 'expires-at'), '2027-01-31', undefined)).toBe('2027-01-31');
    expect(readFlag(named(update, 'name'), 'none', undefined)).toBe('none');
  });

  it('are unambiguous for every operation', () => {
    for (const operation of allOperations) {
      const names = flags(operation.input, []).map((flag) => flag.name);
      expect({ operation: operation.name, names }).toEqual({ operation: operation.name, names: [...new Set(names)] });
    }
  });
});
