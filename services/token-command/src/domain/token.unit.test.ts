import { describe, expect, it } from '@jest/globals';
import type { EventData, NewEvent } from '@tollgate/contracts';
import fc from 'fast-check';
import { given, recorded } from '../testing/scenario.ts';
import type { AccountState } from './account.ts';
import { fold } from './aggregate.ts';
import {
  activateToken,
  type CreateToken,
  type CreateTokenContext,
  createToken,
  deactivateToken,
  regenerateToken,
  renameToken,
  revokeToken,
  token,
  type TokenState,
} from './token.ts';

const now = '2026-06-01T00:00:00.000Z';
const credential = { digest: 'a'.repeat(64), hint: 'sk_live_...aaaa', prefix: 'sk_live_' };
const next = { digest: 'b'.repeat(64), hint: 'sk_live_...bbbb', prefix: 'sk_live_' };

const account: AccountState = {
  status: 'active',
  id: 'acc_1',
  orgId: 'org_1',
  kind: 'service',
  role: 'member',
  createdAt: now,
};
const context: CreateTokenContext = {
  orgId: 'org_1',
  account,
  space: { status: 'none' },
  membership: { status: 'none' },
};
const command: CreateToken = {
  tokenId: 'tok_1',
  name: 'Claude',
  scope: { type: 'multi-space' },
  product: 'default',
  environment: 'live',
  expiresAt: null,
  acknowledgeBilling: true,
  credential,
  now,
};
const facts: EventData<'TokenCreated'> = {
  tokenId: 'tok_1',
  name: 'Claude',
  accountId: 'acc_1',
  scope: { type: 'multi-space' },
  product: 'default',
  environment: 'live',
  teamId: null,
  expiresAt: null,
  ...credential,
  managed: false,
  billable: true,
  agent: null,
  imported: false,
};
const created: NewEvent = { type: 'TokenCreated', data: facts };
const expiring: NewEvent = { type: 'TokenCreated', data: { ...facts, expiresAt: now } };
const revoked: NewEvent = { type: 'TokenRevoked', data: { tokenId: 'tok_1', reason: null } };
const deactivated: NewEvent = { type: 'TokenDeactivated', data: { tokenId: 'tok_1', reason: null } };
const activated: NewEvent = { type: 'TokenActivated', data: { tokenId: 'tok_1', reason: null } };
const regenerated: NewEvent = {
  type: 'TokenRegenerated',
  data: { tokenId: 'tok_1', ...next, previousDigest: credential.digest, reason: null },
};
const renamed: NewEvent = { type: 'TokenRenamed', data: { tokenId: 'tok_1', name: 'Cursor', previous: 'Claude' } };

describe('creating a token', () => {
  it('opens it for the account', () =>
    given(token)
      .when((state) => createToken(state, command, context))
      .then(created));

  it('is refused until billing is acknowledged', () =>
    given(token)
      .when((state) => createToken(state, { ...command, acknowledgeBilling: false }, context))
      .refused('BILLING_NOT_ACKNOWLEDGED'));

  it('is refused when the expiry is this instant', () =>
    given(token)
      .when((state) => createToken(state, { ...command, expiresAt: now }, context))
      .refused('EXPIRY_IN_PAST'));

  it('is refused for an account of another organization', () =>
    given(token)
      .when((state) => createToken(state, command, { ...context, orgId: 'org_2' }))
      .refused('UNKNOWN_REFERENCE'));

  it('is refused for a deactivated account', () =>
    given(token)
      .when((state) => createToken(state, command, { ...context, account: { ...account, status: 'deactivated' } }))
      .refused('ACCOUNT_DEACTIVATED'));

  it('never bills a test token', () =>
    given(token)
      .when((state) => createToken(state, { ...command, environment: 'test' }, context))
      .then({ type: 'TokenCreated', data: { ...facts, environment: 'test', billable: false } }));

  describe('for a single space', () => {
    const single = { ...command, scope: { type: 'single-space' as const, spaceId: 'spc_1' } };
    const space = { status: 'created' as const, id: 'spc_1', orgId: 'org_1', name: 'Marketing', createdAt: now };

    it('is refused when there is no such space', () =>
      given(token)
        .when((state) => createToken(state, single, context))
        .refused('UNKNOWN_REFERENCE'));

    it('is refused for a space of another organization', () =>
      given(token)
        .when((state) => createToken(state, single, { ...context, space: { ...space, orgId: 'org_2' } }))
        .refused('UNKNOWN_REFERENCE'));

    it('is refused for an account that does not belong to the space', () =>
      given(token)
        .when((state) => createToken(state, single, { ...context, space, membership: { status: 'removed' } }))
        .refused('NOT_A_MEMBER'));

    it('opens it for a member', () =>
      given(token)
        .when((state) =>
          createToken(state, single, {
            ...context,
            space,
            membership: { status: 'member', spaceId: 'spc_1', accountId: 'acc_1', permissions: [], administers: false },
          }),
        )
        .then({ type: 'TokenCreated', data: { ...facts, scope: single.scope } }));
  });
});

describe('renaming a token', () => {
  it('says the name before', () =>
    given(token, created)
      .when((state) => renameToken(state, { name: 'Cursor', now }))
      .then(renamed));
  it('to its own name decides nothing', () =>
    given(token, created)
      .when((state) => renameToken(state, { name: 'Claude', now }))
      .then());
  it('is refused once it is revoked', () =>
    given(token, created, revoked)
      .when((state) => renameToken(state, { name: 'Cursor', now }))
      .refused('TOKEN_REVOKED'));
  it('is refused from the expiry instant on', () =>
    given(token, expiring)
      .when((state) => renameToken(state, { name: 'Cursor', now }))
      .refused('TOKEN_EXPIRED'));
  it('is refused when there is none', () =>
    given(token)
      .when((state) => renameToken(state, { name: 'Cursor', now }))
      .refused('NOT_FOUND'));
});

describe('regenerating a token', () => {
  const command = { credential: next, reason: null, now };
  it('replaces the credential and names the one before', () =>
    given(token, created)
      .when((state) => regenerateToken(state, command))
      .then(regenerated));
  it('leaves an inactive token inactive', () =>
    expect(given(token, created, deactivated, regenerated).folded.state).toMatchObject({
      status: 'inactive',
      digest: next.digest,
    }));
  it('is refused once it is revoked', () =>
    given(token, created, revoked)
      .when((state) => regenerateToken(state, command))
      .refused('TOKEN_REVOKED'));
  it('is refused once it has expired', () =>
    given(token, expiring)
      .when((state) => regenerateToken(state, command))
      .refused('TOKEN_EXPIRED'));
});

describe('activating and deactivating a token', () => {
  const why = { reason: null, now };
  it('deactivates an active one', () =>
    given(token, created)
      .when((state) => deactivateToken(state, why))
      .then(deactivated));
  it('repeated, decides nothing', () =>
    given(token, created, deactivated)
      .when((state) => deactivateToken(state, why))
      .then());
  it('activates an inactive one', () =>
    given(token, created, deactivated)
      .when((state) => activateToken(state, why))
      .then(activated));
  it('of an active one decides nothing', () =>
    given(token, created)
      .when((state) => activateToken(state, why))
      .then());
  it('is refused once it is revoked', () =>
    given(token, created, revoked)
      .when((state) => activateToken(state, why))
      .refused('TOKEN_REVOKED'));
});

describe('revoking a token', () => {
  const why = { reason: 'leaked', now };
  it('is final and says why', () =>
    given(token, created)
      .when((state) => revokeToken(state, why))
      .then({ type: 'TokenRevoked', data: { tokenId: 'tok_1', reason: 'leaked' } }));
  it('revokes an inactive one', () =>
    given(token, created, deactivated)
      .when((state) => revokeToken(state, why))
      .then({ type: 'TokenRevoked', data: { tokenId: 'tok_1', reason: 'leaked' } }));
  it('repeated, decides nothing', () =>
    given(token, created, revoked)
      .when((state) => revokeToken(state, why))
      .then());
  it('is refused once it has expired', () =>
    given(token, expiring)
      .when((state) => revokeToken(state, why))
      .refused('TOKEN_EXPIRED'));
  it('is refused when there is none', () =>
    given(token)
      .when((state) => revokeToken(state, why))
      .refused('NOT_FOUND'));
});

describe('any sequence of commands', () => {
  type Decide = (state: TokenState, digest: string) => readonly NewEvent[];
  const why = { reason: null, now };
  const commands: Record<string, Decide> = {
    rename: (state, digest) => renameToken(state, { name: digest.slice(0, 5), now }),
    regenerate: (state, digest) => regenerateToken(state, { credential: { ...next, digest }, ...why }),
    deactivate: (state) => deactivateToken(state, why),
    activate: (state) => activateToken(state, why),
    revoke: (state) => revokeToken(state, why),
  };

  /** Runs the commands one after the other, as the command runner does; a refusal appends nothing. */
  function run(names: readonly string[]): NewEvent[] {
    const history = [created];
    names.forEach((name, index) => {
      const { state } = fold(token, recorded('token', history));
      try {
        history.push(...(commands[name] as Decide)(state, index.toString(16).padStart(64, '0')));
      } catch {
        // Refused: the log stays as it is.
      }
    });
    return history;
  }

  const sequences = fc.array(fc.constantFrom(...Object.keys(commands)), { maxLength: 30 });

  it('appends nothing after TokenRevoked', () => {
    fc.assert(
      fc.property(sequences, (names) => {
        const types = run(names).map(({ type }) => type);
        const at = types.indexOf('TokenRevoked');
        expect(at === -1 ? 0 : types.length - 1 - at).toBe(0);
      }),
    );
  });

  it('leaves one live credential: the last that was made', () => {
    fc.assert(
      fc.property(sequences, (names) => {
        const history = run(names);
        const made = history.flatMap(({ data }) =>
          'digest' in (data as object) ? [(data as { digest: string }).digest] : [],
        );
        const { state } = fold(token, recorded('token', history));
        expect(state).toMatchObject({ digest: made.at(-1) });
      }),
    );
  });
});
