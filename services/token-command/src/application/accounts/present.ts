import type { Account } from '@tollgate/contracts';
import type { Folded } from '../../domain/aggregate.ts';
import { type AccountState, theAccount } from '../../domain/account.ts';
import type { Person } from '../ports.ts';

/** The account with its erasable data; all of it null once the person was erased. */
export function presentAccount({ state, version }: Folded<AccountState>, person: Person | undefined): Account {
  const { erased: _, ...existing } = theAccount(state);
  return {
    ...existing,
    name: person?.name ?? null,
    email: person?.email ?? null,
    externalSubject: person?.externalSubject ?? null,
    version,
  };
}
