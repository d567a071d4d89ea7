import type { Role } from '@tollgate/contracts';

/** What a verified JWT says. Nothing here is a secret; the JWT itself never travels further than the verification. */
export interface Claims {
  /** An account id, an external subject, the name of a service, or `operator`. */
  readonly sub: string;
  /** The organization that the JWT is limited to; absent for operators and most services. */
  readonly org?: string;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number;
}

/** The scope that makes a caller the platform operator. */
export const operatorScope = 'platform:operate';

/** Who called, after the one place of role checks (`authorize`) let them through. */
export interface Principal {
  readonly type: 'operator' | 'account' | 'service';
  /** The account's id, or the JWT's subject for operators and services. */
  readonly id: string;
  readonly orgId?: string;
  readonly role?: Role;
  readonly kind?: 'member' | 'service';
  readonly scopes: readonly string[];
  /** True when the operation names a space that this account administers. */
  readonly administersSpace?: boolean;
}

/** An account as the directory knows it, seen from one organization and (if asked) one of its spaces. */
export interface ResolvedAccount {
  readonly id: string;
  readonly kind: 'member' | 'service';
  readonly role: Role;
  readonly active: boolean;
  readonly administersSpace: boolean;
}

export interface PrincipalQuestion {
  readonly claims: Claims;
  readonly orgId: string;
  /** The space that the operation names; null when it names none. */
  readonly spaceId: string | null;
}

/** Finds the account behind a JWT: by its id, or by its external subject within the organization. */
export interface PrincipalResolver {
  /** null: this organization has no such account. */
  resolve(question: PrincipalQuestion): Promise<ResolvedAccount | null>;
}
