import type { AnyOperation, ServiceName } from '../operation.ts';
import * as accounts from './accounts.ts';
import * as agents from './agents.ts';
import * as audit from './audit.ts';
import * as auditReads from './audit-reads.ts';
import * as auditRecords from './audit-records.ts';
import * as balance from './balance.ts';
import * as billing from './billing.ts';
import * as charges from './charges.ts';
import * as development from './development.ts';
import * as inheritedPermissions from './inherited-permissions.ts';
import * as internal from './internal.ts';
import * as leaks from './leaks.ts';
import * as mcp from './mcp.ts';
import * as organizations from './organizations.ts';
import * as products from './products.ts';
import * as projections from './projections.ts';
import * as spaces from './spaces.ts';
import * as teams from './teams.ts';
import * as tokens from './tokens.ts';
import * as usage from './usage.ts';
import * as verifier from './verifier.ts';
import * as witness from './witness.ts';

export * from './accounts.ts';
export * from './agents.ts';
export * from './audit.ts';
export * from './audit-reads.ts';
export * from './audit-records.ts';
export * from './balance.ts';
export * from './billing.ts';
export * from './charges.ts';
export * from './development.ts';
export * from './inherited-permissions.ts';
export * from './internal.ts';
export * from './leaks.ts';
export * from './mcp.ts';
export * from './organizations.ts';
export * from './products.ts';
export * from './projections.ts';
export * from './spaces.ts';
export * from './teams.ts';
export * from './tokens.ts';
export * from './usage.ts';
export * from './verifier.ts';
export * from './witness.ts';

const isOperation = (value: unknown): value is AnyOperation =>
  typeof value === 'object' && value !== null && 'service' in value && 'input' in value && 'who' in value;

/** Every operation there is: whatever these modules export. */
export const allOperations: readonly AnyOperation[] = [
  products,
  organizations,
  accounts,
  spaces,
  teams,
  tokens,
  inheritedPermissions,
  mcp,
  agents,
  leaks,
  verifier,
  balance,
  charges,
  billing,
  audit,
  auditReads,
  auditRecords,
  projections,
  development,
  internal,
  usage,
  witness,
].flatMap((module) => Object.values(module).filter(isOperation));

/** What a service serves on the bus. */
export function operationsOf(service: ServiceName, options: { development: boolean }): AnyOperation[] {
  return allOperations.filter((op) => op.service === service && (options.development || !op.developmentOnly));
}
