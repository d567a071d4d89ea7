import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, headers as natsHeaders, type NatsConnection } from '@nats-io/transport-node';
import type { BusPermissions } from '@tollgate/contracts';
import { createUserCreds, type NatsAccountKeys } from '@tollgate/identity';
import type { TestStack } from '@tollgate/stack';
import type { Answer } from './api.ts';

/** A NATS user of the stack's account who may do everything, JetStream's administration included. */
export function connectWithoutLimits(stack: Pick<TestStack, 'state'>): Promise<NatsConnection> {
  const all = { allow: ['>'] };
  return connectWith(stack, { publish: all, subscribe: all });
}

/** A NATS user of the stack's account with these permissions. */
export async function connectWith(
  { state }: Pick<TestStack, 'state'>,
  permissions: BusPermissions,
): Promise<NatsConnection> {
  const keys = JSON.parse(readFileSync(state.natsAccountKeysFile as string, 'utf8')) as NatsAccountKeys;
  const creds = await createUserCreds(keys, 'test', permissions);
  return connect({
    servers: state.natsUrl,
    authenticator: credsAuthenticator(new TextEncoder().encode(creds)),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
}

/** Sends a body to a subject as it is and shows the reply in the manner of HTTP: a refusal has its status, the rest 200. */
export async function ask(
  nc: NatsConnection,
  subject: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const sent = natsHeaders();
  for (const [name, value] of Object.entries(headers)) sent.set(name, value);
  const reply = await nc.request(subject, body, { timeout: 10_000, headers: sent });
  return {
    status: Number(reply.headers?.get('Nats-Service-Error-Code') || '200'),
    // NATS headers are UTF-8, those of HTTP are not.
    headers: new Headers([...(reply.headers ?? [])].map(([name, [value]]) => [name, encodeURI(value ?? '')])),
    body: reply.json(),
  };
}
