import { encodeAccount, encodeOperator } from '@nats-io/jwt';
import { createAccount, createOperator, fromSeed, type KeyPair } from '@nats-io/nkeys';
import type { NatsAccountKeys } from '@tollgate/identity/nats-users';
import { readJson, writeFileAtomic } from '../files.ts';

/** Seeds (private keys) of the trust chain of a data directory's NATS server. */
interface AuthoritySeeds {
  operator: string;
  systemAccount: string;
  account: string;
  accountSigning: string;
}

/** What the server's configuration needs to know: public keys and signed JWTs. */
export interface NatsAuthority {
  operatorJwt: string;
  systemAccount: { publicKey: string; jwt: string };
  account: { publicKey: string; jwt: string };
  /** For making users. */
  accountKeys: NatsAccountKeys;
}

/** The account that holds everything of Tollgate's. */
const ACCOUNT = 'TOLLGATE';

/**
 * The operator, the system account and the account TOLLGATE (with JetStream) of a data directory, made at the first
 * start. The seeds stay, so credentials made earlier stay valid; the JWTs are signed anew at every start.
 * `keysFile` gets mode 0600.
 */
export async function loadOrCreateAuthority(keysFile: string): Promise<NatsAuthority> {
  let seeds = readJson<AuthoritySeeds>(keysFile);
  if (!seeds) {
    seeds = {
      operator: seedOf(createOperator()),
      systemAccount: seedOf(createAccount()),
      account: seedOf(createAccount()),
      accountSigning: seedOf(createAccount()),
    };
    writeFileAtomic(keysFile, `${JSON.stringify(seeds, null, 2)}\n`, 0o600);
  }
  const operator = keyOf(seeds.operator);
  const system = keyOf(seeds.systemAccount);
  const account = keyOf(seeds.account);
  const signing = keyOf(seeds.accountSigning);
  const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  // Without any JetStream limit in its JWT an account has no JetStream at all; -1 leaves the limit to the server.
  const jetstream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const operatorJwt = await encodeOperator('tollgate', operator, { system_account: system.getPublicKey() });
  const systemJwt = await encodeAccount('SYS', system, { limits: unlimited }, { signer: operator });
  const accountJwt = await encodeAccount(
    ACCOUNT,
    account,
    { limits: { ...unlimited, ...jetstream }, signing_keys: [signing.getPublicKey()] },
    { signer: operator },
  );
  return {
    operatorJwt,
    systemAccount: { publicKey: system.getPublicKey(), jwt: systemJwt },
    account: { publicKey: account.getPublicKey(), jwt: accountJwt },
    accountKeys: { account: account.getPublicKey(), signingSeed: seeds.accountSigning },
  };
}

function seedOf(key: KeyPair): string {
  return new TextDecoder().decode(key.getSeed());
}

function keyOf(seed: string): KeyPair {
  return fromSeed(new TextEncoder().encode(seed));
}
