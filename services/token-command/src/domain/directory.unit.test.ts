import { describe, expect, it } from '@jest/globals';
import { type NewEvent, starterPrices } from '@tollgate/contracts';
import { given } from '../testing/scenario.ts';
import { account, changeRole, createAccount, deactivateAccount, eraseAccount } from './account.ts';
import { clock, moveClock } from './clock.ts';
import { membership, putMember, removeMember } from './membership.ts';
import {
  changeOrganization,
  changePlan,
  chooseLeakResponse,
  leakResponseOf,
  organization,
  registerOrganization,
} from './organization.ts';
import { environmentOf, product, registerProduct, theProduct } from './product.ts';
import { wordsOf } from './words.ts';

const billing = { anchor: '2026-01-01T00:00:00.000Z', interval: 'P1M', policy: 'second.v1' } as const;
const registration = {
  name: 'Acme',
  plan: 'pro',
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  billing,
  mcpUrl: null,
} as const;
const registered: NewEvent = { type: 'OrganizationRegistered', data: registration };

describe('an organization', () => {
  it('is registered', () =>
    given(organization)
      .when((state) => registerOrganization(state, registration))
      .then(registered));
  it('is registered once', () =>
    given(organization, registered)
      .when((state) => registerOrganization(state, registration))
      .refused('ALREADY_EXISTS'));
  it('changes its plan', () =>
    given(organization, registered)
      .when((state) => changePlan(state, { plan: 'core' }))
      .then({ type: 'PlanChanged', data: { plan: 'core', previous: 'pro' } }));
  it('of that plan already decides nothing', () =>
    given(organization, registered)
      .when((state) => changePlan(state, { plan: 'pro' }))
      .then());
  const mcpUrl = 'https://mcp.acme.example/mcp';
  it('changes its MCP server and keeps its name', () =>
    given(organization, registered)
      .when((state) => changeOrganization(state, { mcpUrl }))
      .then({
        type: 'OrganizationDetailsChanged',
        data: { name: 'Acme', mcpUrl, previous: { name: 'Acme', mcpUrl: null } },
      }));
  it('gives its MCP server up, and is renamed in one', () =>
    given(organization, registered, {
      type: 'OrganizationDetailsChanged',
      data: { name: 'Acme', mcpUrl, previous: { name: 'Acme', mcpUrl: null } },
    })
      .when((state) => changeOrganization(state, { name: 'Acme Industries', mcpUrl: null }))
      .then({
        type: 'OrganizationDetailsChanged',
        data: { name: 'Acme Industries', mcpUrl: null, previous: { name: 'Acme', mcpUrl } },
      }));
  it.each([{}, { name: 'Acme' }, { mcpUrl: null }])('that is so already decides nothing: %j', (change) =>
    given(organization, registered)
      .when((state) => changeOrganization(state, change))
      .then(),
  );
  it('that does not exist has no details', () =>
    given(organization)
      .when((state) => changeOrganization(state, { mcpUrl }))
      .refused('NOT_FOUND'));
  it('revokes leaked tokens unless it chose otherwise', () => {
    const chosen: NewEvent = { type: 'LeakResponseChosen', data: { response: 'deactivate', previous: 'revoke' } };
    expect(leakResponseOf(given(organization, registered).folded.state)).toBe('revoke');
    expect(leakResponseOf(given(organization, registered, chosen).folded.state)).toBe('deactivate');
    given(organization, registered)
      .when((state) => chooseLeakResponse(state, { response: 'deactivate' }))
      .then(chosen);
    given(organization, registered, chosen)
      .when((state) => chooseLeakResponse(state, { response: 'deactivate' }))
      .then();
    given(organization)
      .when((state) => chooseLeakResponse(state, { response: 'deactivate' }))
      .refused('NOT_FOUND');
  });
  it('that does not exist has no plan', () =>
    given(organization)
      .when((state) => changePlan(state, { plan: 'pro' }))
      .refused('NOT_FOUND'));
});

const owner: NewEvent = { type: 'AccountCreated', data: { accountId: 'acc_1', kind: 'member', role: 'owner' } };
const member: NewEvent = { type: 'AccountCreated', data: { accountId: 'acc_1', kind: 'member', role: 'member' } };
const deactivated: NewEvent = { type: 'AccountDeactivated', data: { accountId: 'acc_1' } };
const erased: NewEvent = { type: 'AccountErased', data: { accountId: 'acc_1' } };

describe('an account', () => {
  const create = { accountId: 'acc_1', kind: 'member', role: 'owner', hasOwner: false } as const;
  const by = (type: 'operator' | 'account', role?: 'owner' | 'admin') => ({ type, role });

  it('is made the first owner by the operator', () =>
    given(account)
      .when((state) => createAccount(state, { ...create, asker: by('operator') }))
      .then(owner));
  it('is not made a second owner by the operator', () =>
    given(account)
      .when((state) => createAccount(state, { ...create, hasOwner: true, asker: by('operator') }))
      .refused('FORBIDDEN'));
  it('is not made a member by the operator', () =>
    given(account)
      .when((state) => createAccount(state, { ...create, role: 'member', asker: by('operator') }))
      .refused('FORBIDDEN'));
  it('is not made an admin by an admin', () =>
    given(account)
      .when((state) => createAccount(state, { ...create, role: 'admin', asker: by('account', 'admin') }))
      .refused('FORBIDDEN'));
  it('is made a member by an admin', () =>
    given(account)
      .when((state) => createAccount(state, { ...create, role: 'member', asker: by('account', 'admin') }))
      .then(member));
  it('is made an owner by an owner', () =>
    given(account)
      .when((state) => createAccount(state, { ...create, hasOwner: true, asker: by('account', 'owner') }))
      .then(owner));

  it('gives up ownership while another owner stays', () =>
    given(account, owner)
      .when((state) => changeRole(state, { role: 'member', anotherOwner: true }))
      .then({ type: 'AccountRoleChanged', data: { accountId: 'acc_1', role: 'member', previous: 'owner' } }));
  it('stays owner when it is the last', () =>
    given(account, owner)
      .when((state) => changeRole(state, { role: 'member', anotherOwner: false }))
      .refused('LAST_OWNER'));
  it('of that role already decides nothing', () =>
    given(account, owner)
      .when((state) => changeRole(state, { role: 'owner', anotherOwner: false }))
      .then());
  it('is not off-boarded as the last owner', () =>
    given(account, owner)
      .when((state) => deactivateAccount(state, { anotherOwner: false }))
      .refused('LAST_OWNER'));
  it('is off-boarded', () =>
    given(account, member)
      .when((state) => deactivateAccount(state, { anotherOwner: false }))
      .then({ type: 'AccountDeactivated', data: { accountId: 'acc_1' } }));
  it('is off-boarded once', () =>
    given(account, member, deactivated)
      .when((state) => deactivateAccount(state, { anotherOwner: false }))
      .then());
  it('is erased once it is off-boarded', () =>
    given(account, member, deactivated)
      .when((state) => eraseAccount(state))
      .then(erased));
  it('is erased once', () =>
    given(account, member, deactivated, erased)
      .when((state) => eraseAccount(state))
      .then());
  it('is not erased while it is active', () =>
    given(account, member)
      .when((state) => eraseAccount(state))
      .refused('ACCOUNT_ACTIVE'));
  it('that does not exist is not erased', () =>
    given(account)
      .when((state) => eraseAccount(state))
      .refused('NOT_FOUND'));
});

describe('a membership', () => {
  const ids = { spaceId: 'spc_1', accountId: 'acc_1' };
  const granted: NewEvent = {
    type: 'MembershipGranted',
    data: { ...ids, permissions: ['agents:list', 'chat:chat'], administers: false },
  };
  const removed: NewEvent = { type: 'MembershipRemoved', data: ids };

  it('holds each permission once, in order', () =>
    given(membership)
      .when((state) =>
        putMember(state, { ...ids, permissions: ['chat:chat', 'agents:list', 'chat:chat'], administers: false }),
      )
      .then(granted));
  it('with the same permissions in another order decides nothing', () =>
    given(membership, granted)
      .when((state) => putMember(state, { ...ids, permissions: ['chat:chat', 'agents:list'], administers: false }))
      .then());
  it('says what was before', () =>
    given(membership, granted)
      .when((state) => putMember(state, { ...ids, permissions: ['*'], administers: true }))
      .then({
        type: 'MembershipChanged',
        data: {
          ...ids,
          permissions: ['*'],
          administers: true,
          previous: { permissions: ['agents:list', 'chat:chat'], administers: false },
        },
      }));
  it('is removed', () =>
    given(membership, granted)
      .when((state) => removeMember(state, ids))
      .then(removed));
  it('is removed once', () =>
    given(membership, granted, removed)
      .when((state) => removeMember(state, ids))
      .then());
  it('can be granted again', () =>
    given(membership, granted, removed)
      .when((state) => putMember(state, { ...ids, permissions: ['agents:list', 'chat:chat'], administers: false }))
      .then(granted));
  it('that never was is not found', () =>
    given(membership)
      .when((state) => removeMember(state, ids))
      .refused('NOT_FOUND'));
});

describe('a product', () => {
  const facts = { key: 'prod', name: 'Product', tokenPrefix: 'prod', environments: [], mcpUrl: null, resources: [] };
  const event: NewEvent = { type: 'ProductRegistered', data: facts };

  it('is registered with its prices once', () => {
    given(product)
      .when((state) => registerProduct(state, { product: facts }))
      .then(event, ...starterPrices('prod').map((data) => ({ type: 'SeatPriceSet' as const, data })));
    given(product, event)
      .when((state) => registerProduct(state, { product: facts }))
      .then();
  });
  it('without environments gives a token none', () =>
    expect(environmentOf(theProduct(given(product, event).folded.state), undefined)).toBeNull());
  it('without environments refuses one', () =>
    given(product, event)
      .when((state) => [{ type: String(environmentOf(theProduct(state), 'live')), data: null }])
      .refused('ENVIRONMENT_UNKNOWN'));
});

describe('the development clock', () => {
  const wallMs = Date.parse('2026-01-01T00:00:00.000Z');
  const moved: NewEvent = { type: 'ClockMoved', data: { now: '2026-02-01T00:00:00.000Z', offsetMs: 31 * 86_400_000 } };

  it('moves forward', () =>
    given(clock)
      .when((state) => moveClock(state, { now: '2026-02-01T00:00:00.000Z', wallMs }))
      .then(moved));
  it('never moves back', () =>
    given(clock, moved)
      .when((state) => moveClock(state, { now: '2026-01-31T23:59:59.999Z', wallMs }))
      .refused('CLOCK_MOVES_FORWARD_ONLY'));
});

describe('the words of a name', () => {
  it('are compared without case and accents, each after a space', () =>
    expect(wordsOf('  Señor_Claude’s  Tóken-2 ')).toBe(' senor claude s token 2'));
});
