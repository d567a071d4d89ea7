import { jwtOf, type CallerChoice } from '../callers.ts';
import { UsageError } from '../failures.ts';
import { write } from '../process.ts';
import { runningStack } from '../stack.ts';

export interface JwtOptions {
  operator?: boolean;
  org?: string;
  account?: string;
  service?: string;
  scope?: string;
}

/** `tollgate jwt`: prints a JWT of the development issuer, valid for an hour, and nothing else. */
export async function jwt(options: JwtOptions): Promise<void> {
  // TOLLGATE_ORG says whose accounts are meant; a service is limited to an organization only if asked to be.
  const org = options.org ?? (options.account ? process.env['TOLLGATE_ORG'] : undefined);
  const caller = callerOf({ ...options, ...(org ? { org } : {}) });
  write(await jwtOf(caller, runningStack()));
}

/** Who the JWT is for. Throws UsageError unless exactly one of operator, account and service is named. */
export function callerOf({ operator, org, account, service, scope }: JwtOptions): CallerChoice {
  const named = [operator, account, service].filter(Boolean).length;
  if (named !== 1)
    throw new UsageError('Say for whom: --operator, --org ORG --account ACC, or --service NAME --scope "…".');
  if (scope !== undefined && !service) throw new UsageError('--scope goes with --service.');
  if (operator) return { type: 'operator' };
  if (service) {
    const scopes = (scope ?? '').split(/\s+/).filter((name) => name !== '');
    return { type: 'service', name: service, scopes, ...(org ? { org } : {}) };
  }
  if (!org) throw new UsageError('--account needs --org ORG (or TOLLGATE_ORG).');
  return { type: 'account', account: account as string, org };
}
