import { describe, expect, it } from '@jest/globals';
import { billingSeats, membersPut, orgsCreate, orgsGet, tokensVerify, type AnyOperation } from '@tollgate/contracts';
import { chooseCaller, jwtOf, readCaller } from './callers.ts';

const choose = (operation: AnyOperation, env: Record<string, string> = {}, org?: string, as?: string) =>
  chooseCaller(operation, { env, org, as });

describe('who calls', () => {
  it('is whom --as names, before anything else', () => {
    const env = { TOLLGATE_JWT: 'jwt', TOLLGATE_ACCOUNT: 'acc_env' };
    expect(choose(orgsGet, env, 'org_1', 'operator')).toEqual({ type: 'operator' });
    expect(choose(orgsGet, env, 'org_1', 'acc_1')).toEqual({ type: 'account', account: 'acc_1', org: 'org_1' });
    expect(choose(orgsGet, env, 'org_1', 'service:n8n:billing:read,audit:read')).toEqual({
      type: 'service',
      name: 'n8n',
      scopes: ['billing:read', 'audit:read'],
      org: 'org_1',
    });
    expect(choose(orgsGet, env, undefined, 'service:n8n')).toEqual({ type: 'service', name: 'n8n', scopes: [] });
  });

  it('is the JWT of the environment otherwise', () => {
    expect(choose(orgsGet, { TOLLGATE_JWT: 'jwt', TOLLGATE_ACCOUNT: 'acc_1' }, 'org_1')).toEqual({
      type: 'jwt',
      jwt: 'jwt',
    });
  });

  it('is the account of the environment where an account may call, the operator where only that one may', () => {
    const env = { TOLLGATE_ACCOUNT: 'acc_1' };
    expect(choose(orgsGet, env, 'org_1')).toEqual({ type: 'account', account: 'acc_1', org: 'org_1' });
    expect(choose(orgsCreate, env, 'org_1')).toEqual({ type: 'operator' });
    expect(choose(orgsGet, {}, 'org_1')).toEqual({ type: 'operator' });
  });

  it('is a service with the scope that the operation asks for, where no account may call', () => {
    expect(choose(tokensVerify)).toEqual({ type: 'service', name: 'cli', scopes: ['tokens:verify'] });
  });

  it('has to be said where nobody is left', () => {
    expect(() => choose(membersPut, {}, 'org_1')).toThrow(/--as acc_….*TOLLGATE_ACCOUNT/);
    expect(() => choose(billingSeats, {}, 'org_1')).toThrow('--as service:NAME:billing:read');
  });

  it.each(['ada', 'service:', 'service:a b', ''])('cannot be %j', (as) => {
    expect(() => readCaller(as, 'org_1')).toThrow('--as takes operator');
  });

  it('needs an organization as an account', () => {
    expect(() => readCaller('acc_1', undefined)).toThrow('--org');
  });

  it('cannot be made up where another issuer is trusted', async () => {
    const state = { dev: false, issuer: 'https://login.example.com' } as Parameters<typeof jwtOf>[1];
    await expect(jwtOf({ type: 'operator' }, state)).rejects.toThrow('https://login.example.com');
    await expect(jwtOf({ type: 'jwt', jwt: 'given' }, undefined)).resolves.toBe('given');
  });
});
