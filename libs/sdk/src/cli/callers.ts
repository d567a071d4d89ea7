import type { AnyOperation, StackState } from '@tollgate/contracts';
import { CommandFailure, UsageError } from './failures.ts';

/** In whose name a command calls. */
export type CallerChoice =
  | { readonly type: 'operator' }
  | { readonly type: 'account'; readonly account: string; readonly org: string }
  | { readonly type: 'service'; readonly name: string; readonly scopes: readonly string[]; readonly org?: string }
  /** A JWT that was given, whoever it names. */
  | { readonly type: 'jwt'; readonly jwt: string };

export interface CallerWishes {
  /** `--as`: `operator`, an account's id, or `service:NAME[:scope,scope]`. */
  readonly as?: string;
  /** The organization that the command names. */
  readonly org?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Who calls when the command does not say: `TOLLGATE_JWT`; then, in development, the account `TOLLGATE_ACCOUNT` where an
 * account may call, the operator where it may, a service with the scopes that the operation asks for. Throws UsageError
 * when nobody is left.
 */
export function chooseCaller(operation: Pick<AnyOperation, 'name' | 'who'>, wishes: CallerWishes): CallerChoice {
  const { as, org, env } = wishes;
  if (as !== undefined) return readCaller(as, org);
  if (env['TOLLGATE_JWT']) return { type: 'jwt', jwt: env['TOLLGATE_JWT'] };
  const forAccounts = operation.who.some((caller) =>
    ['owner', 'admin', 'member', 'space-administrator'].includes(caller),
  );
  const account = env['TOLLGATE_ACCOUNT'];
  if (forAccounts && account && org) return { type: 'account', account, org };
  if (operation.who.includes('operator')) return { type: 'operator' };
  const scopes = operation.who.flatMap((caller) =>
    caller.startsWith('scope:') ? [caller.slice('scope:'.length)] : [],
  );
  if (!forAccounts && scopes.length > 0) return { type: 'service', name: 'cli', scopes };
  throw new UsageError(
    `Say who calls: --as acc_… (or TOLLGATE_ACCOUNT=acc_…) for an account of the organization, or TOLLGATE_JWT for a JWT of your own.` +
      (scopes.length > 0 ? ` A service may call it too: --as service:NAME:${scopes.join(',')}.` : ''),
  );
}

/** Reads `--as`. A service without scopes gets none. */
export function readCaller(as: string, org: string | undefined): CallerChoice {
  if (as === 'operator') return { type: 'operator' };
  if (as.startsWith('acc_')) {
    if (!org) throw new UsageError('--as acc_… needs the organization: --org org_… or TOLLGATE_ORG.');
    return { type: 'account', account: as, org };
  }
  const service = /^service:([A-Za-z0-9._-]+)(?::(.*))?$/.exec(as);
  if (!service) throw new UsageError('--as takes operator, an account id (acc_…) or service:NAME[:scope,scope].');
  const scopes = (service[2] ?? '').split(',').filter((scope) => scope !== '');
  return { type: 'service', name: service[1] as string, scopes, ...(org ? { org } : {}) };
}

/** The JWT of a caller, made with the development issuer's key in the data directory unless it was given. */
export async function jwtOf(caller: CallerChoice, state: StackState | undefined): Promise<string> {
  if (caller.type === 'jwt') return caller.jwt;
  if (!state?.dev) {
    throw new CommandFailure(
      state
        ? `This stack trusts the issuer ${state.issuer}: set TOLLGATE_JWT to a JWT of it.`
        : 'There is no development issuer here: start a stack with `npm start`, or set TOLLGATE_JWT.',
    );
  }
  const { loadOrCreateDevelopmentKey, signDevelopmentJwt } = await import('@tollgate/identity');
  const key = await loadOrCreateDevelopmentKey(state.dataDir);
  return signDevelopmentJwt(key, state.issuer, state.audience, claimsOf(caller));
}

function claimsOf(caller: Exclude<CallerChoice, { type: 'jwt' }>): { sub: string; org?: string; scope?: string } {
  if (caller.type === 'operator') return { sub: 'operator', scope: 'platform:operate' };
  if (caller.type === 'account') return { sub: caller.account, org: caller.org };
  const scope = caller.scopes.join(' ');
  return { sub: caller.name, ...(caller.org ? { org: caller.org } : {}), ...(scope ? { scope } : {}) };
}
