import { describe, expect, it } from '@jest/globals';
import type { EventData, NewEvent } from '@tollgate/contracts';
import fc from 'fast-check';
import { given, recorded } from '../testing/scenario.ts';
import type { AccountState } from './account.ts';
import { advance, fold } from './aggregate.ts';
import {
  activateToken,
  type CreateToken,
  type EditToken,
  editToken,
  endOverlap,
  type Pairing,
  reportLeak,
  createToken,
  deactivateToken,
  regenerateToken,
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
  erased: false,
};
const context: Pairing = {
  orgId: 'org_1',
  account,
  space: { status: 'none' },
  membership: { status: 'none' },
  team: null,
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
  data: { tokenId: 'tok_1', ...next, previousDigest: credential.digest, reason: null, overlapUntil: null },
};
const later = '2026-06-08T00:00:00.000Z';
const overlapping: NewEvent = {
  type: 'TokenRegenerated',
  data: { ...(regenerated.data as object), overlapUntil: later },
};
const agent = { id: 'agt_1', name: 'Nightly report', publicKey: null };
const managed: NewEvent = { type: 'TokenCreated', data: { ...facts, agent, managed: true, billable: false } };
const edit = (state: TokenState, changes: Omit<EditToken, 'now'>, pairing: Partial<Pairing> = {}) =>
  editToken(state, { ...changes, now }, { ...context, ...pairing });
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

describe('taking over a key of an older system', () => {
  it('opens a token that says so, with its digest and its hint', () => {
    const old = { digest: 'c'.repeat(64), hint: 'old-…4711', prefix: '' };
    given(token)
      .when((state) => createToken(state, { ...command, credential: old, imported: true }, context))
      .then({ type: 'TokenCreated', data: { ...facts, ...old, imported: true } });
  });
  it('is refused until billing is acknowledged, as for any token', () =>
    given(token)
      .when((state) => createToken(state, { ...command, imported: true, acknowledgeBilling: false }, context))
      .refused('BILLING_NOT_ACKNOWLEDGED'));
});

describe("a managed agent's token", () => {
  it('says whose it is, and is billed only where the agent is', () => {
    for (const billable of [true, false])
      given(token)
        .when((state) => createToken(state, { ...command, managed: { agent, billable } }, context))
        .then({ type: 'TokenCreated', data: { ...facts, agent, managed: true, billable } });
  });
  it('is stopped by whoever may, though nobody edits it', () => {
    given(token, managed)
      .when((state) => revokeToken(state, { reason: null, now }))
      .then(revoked);
    given(token, managed)
      .when((state) => deactivateToken(state, { reason: null, now }))
      .then(deactivated);
  });
});

describe('renaming a token', () => {
  it('says the name before', () =>
    given(token, created)
      .when((state) => edit(state, { name: 'Cursor' }))
      .then(renamed));
  it('to its own name decides nothing', () =>
    given(token, created)
      .when((state) => edit(state, { name: 'Claude' }))
      .then());
  it('is refused once it is revoked', () =>
    given(token, created, revoked)
      .when((state) => edit(state, { name: 'Cursor' }))
      .refused('TOKEN_REVOKED'));
  it('is refused from the expiry instant on', () =>
    given(token, expiring)
      .when((state) => edit(state, { name: 'Cursor' }))
      .refused('TOKEN_EXPIRED'));
  it('is refused when there is none', () =>
    given(token)
      .when((state) => edit(state, { name: 'Cursor' }))
      .refused('NOT_FOUND'));
});

describe('editing a token', () => {
  const other: AccountState = { ...account, id: 'acc_2' };
  const team = {
    ...{ status: 'created' as const, id: 'tea_1', orgId: 'org_1', name: 'Support' },
    ...{ policy: {}, projects: [], createdAt: now },
  };

  it('reassigns it to another account of the organization', () =>
    given(token, created)
      .when((state) => edit(state, { accountId: 'acc_2' }, { account: other }))
      .then({ type: 'TokenReassigned', data: { tokenId: 'tok_1', accountId: 'acc_2', previous: 'acc_1' } }));

  it('refuses a deactivated account', () =>
    given(token, created)
      .when((state) => edit(state, { accountId: 'acc_2' }, { account: { ...other, status: 'deactivated' } }))
      .refused('ACCOUNT_DEACTIVATED'));

  it('refuses an account outside the space of a single-space token', () =>
    given(token, { ...created, data: { ...facts, scope: { type: 'single-space', spaceId: 'spc_1' } } })
      .when((state) =>
        edit(
          state,
          { accountId: 'acc_2' },
          {
            account: other,
            space: { status: 'created', id: 'spc_1', orgId: 'org_1', name: 'Marketing', createdAt: now },
          },
        ),
      )
      .refused('NOT_A_MEMBER'));

  it('puts it into a team and takes it out again', () => {
    const joined: NewEvent = { type: 'TokenTeamChanged', data: { tokenId: 'tok_1', teamId: 'tea_1', previous: null } };
    given(token, created)
      .when((state) => edit(state, { teamId: 'tea_1' }, { team }))
      .then(joined);
    given(token, created, joined)
      .when((state) => edit(state, { teamId: null }))
      .then({ type: 'TokenTeamChanged', data: { tokenId: 'tok_1', teamId: null, previous: 'tea_1' } });
  });

  it('refuses a team of another organization', () =>
    given(token, created)
      .when((state) => edit(state, { teamId: 'tea_1' }, { team: { ...team, orgId: 'org_2' } }))
      .refused('UNKNOWN_REFERENCE'));

  it('moves the expiry, but never into the past', () => {
    given(token, created)
      .when((state) => edit(state, { expiresAt: later }))
      .then({ type: 'TokenExpiryChanged', data: { tokenId: 'tok_1', expiresAt: later, previous: null } });
    given(token, created)
      .when((state) => edit(state, { expiresAt: now }))
      .refused('EXPIRY_IN_PAST');
  });

  it('says each change apart', () =>
    given(token, created)
      .when((state) => edit(state, { name: 'Cursor', expiresAt: later }).map(({ type }) => ({ type, data: null })))
      .then({ type: 'TokenRenamed', data: null }, { type: 'TokenExpiryChanged', data: null }));

  it("is refused for a managed agent's token", () =>
    given(token, managed)
      .when((state) => edit(state, { name: 'Cursor' }))
      .refused('MANAGED_TOKEN'));
});

describe('an overlap', () => {
  const why = { reason: null, now };
  const ended: NewEvent = {
    type: 'TokenOverlapEnded',
    data: { tokenId: 'tok_1', digest: credential.digest, reason: null },
  };

  it('lets the secret before hold until its time is up', () =>
    expect(given(token, created, overlapping).folded.state).toMatchObject({
      digest: next.digest,
      overlap: { digest: credential.digest, hint: credential.hint, until: later },
    }));
  it('ends ahead of its time', () =>
    given(token, created, overlapping)
      .when((state) => endOverlap(state, why))
      .then(ended));
  it('ends once', () =>
    given(token, created, overlapping, ended)
      .when((state) => endOverlap(state, why))
      .then());
  it('needs no ending when its time is up', () =>
    given(token, created, overlapping)
      .when((state) => endOverlap(state, { reason: null, now: later }))
      .then());
  it("of a managed agent's token is its agent's", () =>
    given(token, managed)
      .when((state) => endOverlap(state, why))
      .refused('MANAGED_TOKEN'));
  it('is over when the token is revoked', () =>
    expect(given(token, created, overlapping, revoked).folded.state).toMatchObject({ overlap: null }));
});

describe('a leak', () => {
  const report = { digest: credential.digest, source: 'commit', url: null, response: 'revoke' as const, now };
  const leaked: NewEvent = { type: 'TokenLeaked', data: { tokenId: 'tok_1', source: 'commit', url: null } };
  const reason = 'leaked: commit';

  it('revokes the token, naming the source', () =>
    given(token, created)
      .when((state) => reportLeak(state, report))
      .then(leaked, { type: 'TokenRevoked', data: { tokenId: 'tok_1', reason } }));
  it('deactivates it where the organization chose so', () =>
    given(token, created)
      .when((state) => reportLeak(state, { ...report, response: 'deactivate' }))
      .then(leaked, { type: 'TokenDeactivated', data: { tokenId: 'tok_1', reason } }));
  it("stops a managed agent's token too", () =>
    given(token, managed)
      .when((state) => reportLeak(state, report))
      .then(leaked, { type: 'TokenRevoked', data: { tokenId: 'tok_1', reason } }));
  it('of the secret before counts while it overlaps', () =>
    given(token, created, overlapping)
      .when((state) => reportLeak(state, report).slice(0, 1))
      .then(leaked));
  it.each([
    ['a superseded secret', [created, regenerated]],
    ['a revoked token', [created, revoked]],
    ['an expired token', [expiring]],
  ] as const)('of %s stops nothing', (_, history) =>
    given(token, ...history)
      .when((state) => reportLeak(state, report))
      .then(),
  );
});

describe('regenerating a token', () => {
  const command = { credential: next, reason: null, overlapUntil: null, now };
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
    rename: (state, digest) => edit(state, { name: digest.slice(0, 5) }),
    regenerate: (state, digest) =>
      regenerateToken(state, { credential: { ...next, digest }, overlapUntil: null, ...why }),
    deactivate: (state) => deactivateToken(state, why),
    activate: (state) => activateToken(state, why),
    overlap: (state, digest) =>
      regenerateToken(state, { credential: { ...next, digest }, overlapUntil: later, ...why }),
    endOverlap: (state) => endOverlap(state, why),
    revoke: (state) => revokeToken(state, why),
    expireLater: (state) => edit(state, { expiresAt: later }),
    leak: (state) =>
      reportLeak(state, {
        digest: state.status === 'none' ? '' : state.digest,
        source: 'commit',
        url: null,
        response: 'deactivate',
        now,
      }),
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

  it('leaves at most two live secrets, and two only in an overlap', () => {
    fc.assert(
      fc.property(sequences, (names) => {
        const history = run(names);
        const { state } = fold(token, recorded('token', history));
        if (state.status === 'none') return;
        const last = history.filter(({ type }) => type === 'TokenRegenerated' || type === 'TokenOverlapEnded').at(-1);
        const overlaps =
          last !== undefined && typeof (last.data as { overlapUntil?: string | null }).overlapUntil === 'string';
        expect(state.overlap !== null).toBe(overlaps && state.status !== 'revoked');
      }),
    );
  });

  it('leaves the state that a replay gives, from the beginning or from anywhere', () => {
    fc.assert(
      fc.property(sequences, fc.nat(), (names, cut) => {
        const history = recorded('token', run(names));
        // As the command runner goes on: event by event, on the state that it holds.
        const live = history.reduce((folded, event) => advance(token, folded, event), fold(token, []));
        expect(fold(token, history)).toEqual(live);
        const at = cut % history.length;
        const resumed = history
          .slice(at)
          .reduce((folded, event) => advance(token, folded, event), fold(token, history.slice(0, at)));
        expect(resumed).toEqual(live);
        // The log holds JSON: nothing that a state rests on is lost in it.
        expect(fold(token, JSON.parse(JSON.stringify(history)))).toEqual(live);
      }),
    );
  });

  it('leaves one live credential: the last that was made', () => {
    fc.assert(
      fc.property(sequences, (names) => {
        const history = run(names);
        const made = history
          .filter(({ type }) => type === 'TokenCreated' || type === 'TokenRegenerated')
          .map(({ data }) => (data as { digest: string }).digest);
        const { state } = fold(token, recorded('token', history));
        expect(state).toMatchObject({ digest: made.at(-1) });
      }),
    );
  });
});
