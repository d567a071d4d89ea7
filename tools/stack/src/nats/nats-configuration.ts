import type { NatsAuthority } from './authority.ts';

export interface NatsConfiguration {
  /** `127.0.0.1:4222` */
  listen: string;
  /** Where JetStream keeps its streams. */
  storeDir: string;
  authority: NatsAuthority;
  pidFile?: string;
}

/**
 * The configuration of a NATS server with JetStream and decentralised JWT authentication: only users signed by the
 * account's key get in, each with the subjects its JWT names. Strings are JSON strings: the format reads them the same way.
 */
export function natsConfiguration({ listen, storeDir, authority, pidFile }: NatsConfiguration): string {
  const { operatorJwt, systemAccount, account } = authority;
  const text = JSON.stringify;
  return `# Written at every start. Changes made here are lost.
server_name: "tollgate"
listen: ${text(listen)}
${pidFile === undefined ? '' : `pid_file: ${text(pidFile)}\n`}jetstream {
  store_dir: ${text(storeDir)}
  max_memory_store: 256MB
  max_file_store: 64GB
}
# A user signs in with one line that holds its JWT, which names every subject it may use: more than the default of 4 KB.
max_control_line: 65536
operator: ${text(operatorJwt)}
system_account: ${systemAccount.publicKey}
resolver: MEMORY
resolver_preload: {
  ${systemAccount.publicKey}: ${text(systemAccount.jwt)}
  ${account.publicKey}: ${text(account.jwt)}
}
`;
}
