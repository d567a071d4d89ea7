import { encodeUser, fmtCreds } from '@nats-io/jwt';
import { createUser, fromSeed } from '@nats-io/nkeys';
import type { BusPermissions } from '@tollgate/contracts';

/** What it takes to make NATS users of Tollgate's account. Whoever holds it can make any user: kept with mode 0600. */
export interface NatsAccountKeys {
  /** The account's public key, `A…`. */
  account: string;
  /** The seed of one of the account's signing keys, `SA…`. */
  signingSeed: string;
}

/**
 * Makes a NATS user with just these permissions and returns the text of its `.creds` file (JWT and seed: a secret).
 * The user needs no registration anywhere: servers accept what the account's signing key has signed.
 */
export async function createUserCreds(
  keys: NatsAccountKeys,
  name: string,
  permissions: BusPermissions,
): Promise<string> {
  const user = createUser();
  const jwt = await encodeUser(
    name,
    user,
    keys.account,
    {
      pub: { allow: permissions.publish.allow },
      sub: { allow: permissions.subscribe.allow },
      // NATS counts the time in nanoseconds.
      ...(permissions.responses && {
        resp: { max: permissions.responses.max, ttl: permissions.responses.ttlMs * 1_000_000 },
      }),
    },
    { signer: fromSeed(new TextEncoder().encode(keys.signingSeed)) },
  );
  return new TextDecoder().decode(fmtCreds(jwt, user));
}
