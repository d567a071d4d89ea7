import type { AccountKind, Role } from '@tollgate/contracts';

/** The order of a list: the last item of the page before. */
export interface After {
  readonly createdAt: string;
  readonly id: string;
}

export interface AccountRow {
  readonly id: string;
  readonly kind: AccountKind;
  readonly role: Role;
  readonly status: 'active' | 'deactivated';
  readonly createdAt: string;
  readonly version: number;
}

export interface SpaceRow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly version: number;
}

/** The read model of accounts and spaces, oldest first. */
export interface DirectoryList {
  accounts(orgId: string, after: After | null, limit: number): Promise<readonly AccountRow[]>;
  spaces(orgId: string, after: After | null, limit: number): Promise<readonly SpaceRow[]>;
  /** Ids of active owners, at most `limit`. */
  owners(orgId: string, limit: number): Promise<readonly string[]>;
}
