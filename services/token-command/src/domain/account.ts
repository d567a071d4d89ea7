import { type AccountKind, type Role, TollgateError, type TollgateEvent } from '@tollgate/contracts';
import type { Aggregate } from './aggregate.ts';

/** An account: a member or a service user of one organization. Its name is no part of it: names are erasable. */
export type AccountState =
  | { readonly status: 'none' }
  | {
      readonly status: 'active' | 'deactivated';
      readonly id: string;
      readonly orgId: string;
      readonly kind: AccountKind;
      readonly role: Role;
      readonly createdAt: string;
      /** Its personal data is gone, or about to go. */
      readonly erased: boolean;
    };
export type ExistingAccount = Exclude<AccountState, { status: 'none' }>;

type AccountEvent = TollgateEvent<'AccountCreated' | 'AccountRoleChanged' | 'AccountDeactivated' | 'AccountErased'>;

export const account: Aggregate<AccountState, AccountEvent> = {
  category: 'account',
  initial: { status: 'none' },
  evolve(state, event) {
    if (event.type === 'AccountCreated') {
      const { accountId, kind, role } = event.data;
      return {
        status: 'active',
        id: accountId,
        orgId: event.orgId as string,
        kind,
        role,
        createdAt: event.at,
        erased: false,
      };
    }
    if (state.status === 'none') return state;
    switch (event.type) {
      case 'AccountRoleChanged':
        return { ...state, role: event.data.role };
      case 'AccountDeactivated':
        return { ...state, status: 'deactivated' };
      case 'AccountErased':
        return { ...state, erased: true };
      default:
        return state;
    }
  },
};

/** Who asks, as far as rules about accounts look at it. */
export interface Asker {
  readonly type: 'operator' | 'account' | 'service';
  readonly role?: Role | undefined;
}

/**
 * Adds an account. The operator makes the first owner and nobody else; only owners make owners and admins.
 * `hasOwner`: the organization has an active owner.
 */
export function createAccount(
  state: AccountState,
  command: { accountId: string; kind: AccountKind; role: Role; asker: Asker; hasOwner: boolean },
): AccountEvent[] {
  if (state.status !== 'none') throw new TollgateError('ALREADY_EXISTS', 'This account exists already.');
  const { accountId, kind, role, asker, hasOwner } = command;
  if (asker.type === 'operator' && (role !== 'owner' || hasOwner)) {
    throw new TollgateError(
      'FORBIDDEN',
      'The operator may create an organization\'s first owner only ("role": "owner"). Ask an owner or admin to add further accounts.',
    );
  }
  if (asker.type !== 'operator' && role !== 'member' && asker.role !== 'owner') {
    throw new TollgateError(
      'FORBIDDEN',
      `Only owners make owners and admins. Ask an owner, or create the account with "role": "member".`,
    );
  }
  return [{ type: 'AccountCreated', data: { accountId, kind, role } }];
}

/** Changes the role. `anotherOwner`: an active owner other than this account exists. */
export function changeRole(state: AccountState, command: { role: Role; anotherOwner: boolean }): AccountEvent[] {
  const { id, status, role: previous } = theAccount(state);
  if (status === 'deactivated')
    throw new TollgateError('ACCOUNT_DEACTIVATED', 'The account is deactivated; its role no longer matters.');
  if (previous === command.role) return [];
  if (previous === 'owner' && !command.anotherOwner) throw lastOwner();
  return [{ type: 'AccountRoleChanged', data: { accountId: id, role: command.role, previous } }];
}

/** Off-boards the account. Repeated, it decides nothing. */
export function deactivateAccount(state: AccountState, command: { anotherOwner: boolean }): AccountEvent[] {
  const { id, status, role } = theAccount(state);
  if (status === 'deactivated') return [];
  if (role === 'owner' && !command.anotherOwner) throw lastOwner();
  return [{ type: 'AccountDeactivated', data: { accountId: id } }];
}

/** Decides that the personal data of an off-boarded account goes. Repeated, it decides nothing. */
export function eraseAccount(state: AccountState): AccountEvent[] {
  const { id: accountId, status, erased } = theAccount(state);
  if (status === 'active')
    throw new TollgateError(
      'ACCOUNT_ACTIVE',
      'Deactivate the account first: POST /v1/orgs/:org/accounts/:acc/deactivate.',
    );
  return erased ? [] : [{ type: 'AccountErased', data: { accountId } }];
}

export function theAccount(state: AccountState): ExistingAccount {
  if (state.status === 'none') throw new TollgateError('NOT_FOUND', 'There is no such account in this organization.');
  return state;
}

/** The account that an input names: of this organization and active. */
export function theActiveAccount(state: AccountState, orgId: string, path: string): ExistingAccount {
  if (state.status === 'none' || state.orgId !== orgId) {
    throw new TollgateError(
      'UNKNOWN_REFERENCE',
      'There is no such account in this organization. List them with GET /v1/orgs/:org/accounts.',
      [{ path, message: 'names no account of this organization' }],
    );
  }
  if (state.status === 'deactivated')
    throw new TollgateError('ACCOUNT_DEACTIVATED', 'The account is deactivated. Choose an active one.', [
      { path, message: 'names a deactivated account' },
    ]);
  return state;
}

const lastOwner = () => new TollgateError('LAST_OWNER', 'This is the last owner. Make another account an owner first.');
