import { CreateAccount } from './accounts/create-account.ts';
import { DeactivateAccount } from './accounts/deactivate-account.ts';
import { EraseAccount } from './accounts/erase-account.ts';
import { GetAccount } from './accounts/get-account.ts';
import { ListAccounts } from './accounts/list-accounts.ts';
import { ResolvePrincipal } from './accounts/resolve-principal.ts';
import { SetRole } from './accounts/set-role.ts';
import { CreateAgent } from './agents/create-agent.ts';
import { ListAgents } from './agents/list-agents.ts';
import { RetireAgent } from './agents/retire-agent.ts';
import { RotateAgent } from './agents/rotate-agent.ts';
import { RemoveCap, SetCap } from './balance/set-cap.ts';
import { SetThreshold } from './balance/set-threshold.ts';
import { TopUpBalance } from './balance/top-up-balance.ts';
import { SetClock } from './development/set-clock.ts';
import { ReportLeaks } from './leaks/report-leaks.ts';
import { RenewLease } from './leases/renew-lease.ts';
import { ReturnLease } from './leases/return-lease.ts';
import { LookUpPersonal } from './log/look-up-personal.ts';
import { ReadLog } from './log/read-log.ts';
import { ReadSnapshot } from './log/read-snapshot.ts';
import { RecordActivity } from './usage/record-activity.ts';
import { ReportAttempts } from './usage/report-attempts.ts';
import { ReportAuditExport, ReportAuditReads } from './usage/report-audit-reads.ts';
import { RemoveAuditEntries } from './usage/remove-audit-entries.ts';
import { ReportUsage } from './usage/report-usage.ts';
import { InstallVscode } from './mcp/install-vscode.ts';
import { McpJson } from './mcp/mcp-json.ts';
import { ChangePlan } from './organizations/change-plan.ts';
import { CreateOrganization } from './organizations/create-organization.ts';
import { GetOrganization } from './organizations/get-organization.ts';
import { SetAuditRetention } from './organizations/set-audit-retention.ts';
import { UpdateOrganization } from './organizations/update-organization.ts';
import { SetLeakResponse } from './organizations/set-leak-response.ts';
import { AccountInherits } from './permissions/account-inherits.ts';
import { TokenInherits } from './permissions/token-inherits.ts';
import { CreateProduct } from './products/create-product.ts';
import { GetProduct } from './products/get-product.ts';
import { ListProducts } from './products/list-products.ts';
import { UpdateProduct } from './products/update-product.ts';
import { SetPrice } from './products/set-price.ts';
import { RebuildReplica } from './projections/rebuild-replica.ts';
import { RebuildTokenList } from './projections/rebuild-token-list.ts';
import { CreateSpace } from './spaces/create-space.ts';
import { ListSpaces } from './spaces/list-spaces.ts';
import { PutMember } from './spaces/put-member.ts';
import { RemoveMember } from './spaces/remove-member.ts';
import { AddProject } from './teams/add-project.ts';
import { CreateProject } from './teams/create-project.ts';
import { CreateTeam } from './teams/create-team.ts';
import { ListProjects } from './teams/list-projects.ts';
import { ListTeams } from './teams/list-teams.ts';
import { RemoveProject } from './teams/remove-project.ts';
import { SetTeamPolicy } from './teams/set-team-policy.ts';
import { ActivateToken } from './tokens/activate-token.ts';
import { CreateToken } from './tokens/create-token.ts';
import { DeactivateToken } from './tokens/deactivate-token.ts';
import { DescribeToken } from './tokens/describe-token.ts';
import { DeleteToken } from './tokens/delete-token.ts';
import { EndOverlap } from './tokens/end-overlap.ts';
import { GetToken } from './tokens/get-token.ts';
import { ImportTokens } from './tokens/import-tokens.ts';
import { ListTokens } from './tokens/list-tokens.ts';
import { RegenerateToken } from './tokens/regenerate-token.ts';
import { RevokeAll } from './tokens/revoke-all.ts';
import { RevokeToken } from './tokens/revoke-token.ts';
import { UpdateToken } from './tokens/update-token.ts';

/** Everything this service does, one handler per operation, by module. */
export const directoryUseCases = [
  CreateOrganization,
  GetOrganization,
  ChangePlan,
  UpdateOrganization,
  SetLeakResponse,
  SetAuditRetention,
  CreateAccount,
  ListAccounts,
  GetAccount,
  SetRole,
  DeactivateAccount,
  EraseAccount,
  AccountInherits,
  ResolvePrincipal,
  LookUpPersonal,
  CreateSpace,
  ListSpaces,
  PutMember,
  RemoveMember,
  CreateTeam,
  ListTeams,
  SetTeamPolicy,
  AddProject,
  RemoveProject,
  CreateProject,
  ListProjects,
  CreateProduct,
  ListProducts,
  GetProduct,
  UpdateProduct,
  SetPrice,
  TopUpBalance,
  SetThreshold,
  SetCap,
  RemoveCap,
];

export const tokenUseCases = [
  CreateToken,
  ListTokens,
  GetToken,
  UpdateToken,
  RegenerateToken,
  EndOverlap,
  ActivateToken,
  DeactivateToken,
  RevokeToken,
  RevokeAll,
  ImportTokens,
  DeleteToken,
  DescribeToken,
  TokenInherits,
  McpJson,
  InstallVscode,
  CreateAgent,
  ListAgents,
  RotateAgent,
  RetireAgent,
  ReportLeaks,
  RebuildTokenList,
];

export const usageUseCases = [
  ReportUsage,
  ReportAttempts,
  ReportAuditReads,
  ReportAuditExport,
  RemoveAuditEntries,
  RecordActivity,
];

export const logUseCases = [ReadLog];

export const replicaUseCases = [ReadSnapshot, RebuildReplica];

export const leaseUseCases = [RenewLease, ReturnLease, SetClock];
