import type { CallContext } from '@tollgate/bus';
import { TollgateError } from '@tollgate/contracts';

/** Whose an `Idempotency-Key` is: the same text of two callers is two keys. */
export function keyOwner({ principal }: Pick<CallContext, 'principal'>): string {
  return principal ? `${principal.type}:${principal.id}` : 'system';
}

/** The refusal for a key that came with another request before. */
export function keyReused(): TollgateError {
  return new TollgateError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was used with another request. Send a new key, or the first request unchanged.',
    [{ path: 'headers.Idempotency-Key', message: 'was used with another request' }],
  );
}
