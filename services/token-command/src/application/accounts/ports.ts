import type { AccountKind, Role, TeamPolicy } from '@tollgate/contracts';

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

/** What a list shows of a space or a project. */
export interface NamedRow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly version: number;
}

export interface TeamRow extends NamedRow {
  readonly policy: TeamPolicy;
  /** Ids of projects, sorted. */
  readonly projects: readonly string[];
}

/** What an account holds in one space. */
export interface MembershipRow {
  readonly space: { readonly id: string; readonly name: string };
  readonly permissions: readonly string[];
  readonly administers: boolean;
}

/** The read model of the directory, oldest first. */
export interface DirectoryList {
  accounts(orgId: string, after: After | null, limit: number): Promise<readonly AccountRow[]>;
  spaces(orgId: string, after: After | null, limit: number): Promise<readonly NamedRow[]>;
  teams(orgId: string, after: After | null, limit: number): Promise<readonly TeamRow[]>;
  projects(orgId: string, after: After | null, limit: number): Promise<readonly NamedRow[]>;
  /** Of one account, in one space or in all. */
  memberships(orgId: string, accountId: string, spaceId: string | null): Promise<readonly MembershipRow[]>;
  /** Ids of active owners, at most `limit`. */
  owners(orgId: string, limit: number): Promise<readonly string[]>;
}
