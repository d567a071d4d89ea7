import type { Account } from '@tollgate/contracts';
import type { Folded } from '../../domain/aggregate.ts';
import { type AccountState, theAccount } from '../../domain/account.ts';
import { erasedName } from '../erased.ts';
import type { Person } from '../ports.ts';

/** The account with its erasable data. */
export function presentAccount({ state, version }: Folded<AccountState>, person: Person | undefined): Account {
  const { id, orgId, kind, role, status, createdAt } = theAccount(state);
  const { name = erasedName, email = null, externalSubject = null } = person ?? {};
  return { id, orgId, kind, name, email, externalSubject, role, status, createdAt, version };
}
