import { credsAuthenticator, type NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';
import type { TestNats } from '@tollgate/stack';
import { inboxPrefixOf, type ServiceName } from '@tollgate/contracts';

/** A connection with just the permissions of a service, which comes back by itself. */
export async function connectAs(nats: TestNats, service: ServiceName): Promise<NatsConnection> {
  return connect({ ...reconnecting(nats, await nats.credsFor(service)), inboxPrefix: inboxPrefixOf(service) });
}

/** A connection that may do everything: the operator's hand in tests. */
export async function connectAsOperator(nats: TestNats): Promise<NatsConnection> {
  return connect(reconnecting(nats, await nats.credsFor('operator', 'everything')));
}

function reconnecting(nats: TestNats, credsFile: string) {
  return {
    servers: nats.url,
    authenticator: credsAuthenticator(readFileSync(credsFile)),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  };
}
