import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';

/** One endpoint as the NATS Services API describes it, with its counters. */
export interface EndpointState {
  readonly name: string;
  readonly subject: string;
  readonly queueGroup: string;
  readonly metadata: Readonly<Record<string, string>>;
  requests: number;
  errors: number;
  lastError: string;
  processingNs: number;
}

export interface ServiceIdentity {
  /** Letters, digits, `-` and `_`. */
  readonly name: string;
  readonly id: string;
  /** Semantic version. */
  readonly version: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly started: string;
}

/**
 * Answers discovery of the NATS Services API (ADR-32): `$SRV.PING|INFO|STATS`, for all services, for one name and for one
 * instance. https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-32.md
 */
export function serveDiscovery(
  nc: NatsConnection,
  identity: ServiceIdentity,
  endpoints: readonly EndpointState[],
): Subscription[] {
  const { name, id, version, metadata } = identity;
  const common = { name, id, version, metadata };
  const answers: Record<string, () => unknown> = {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...common }),
    INFO: () => ({
      type: 'io.nats.micro.v1.info_response',
      ...common,
      description: identity.description,
      endpoints: endpoints.map((endpoint) => ({
        name: endpoint.name,
        subject: endpoint.subject,
        queue_group: endpoint.queueGroup,
        metadata: endpoint.metadata,
      })),
    }),
    STATS: () => ({
      type: 'io.nats.micro.v1.stats_response',
      ...common,
      started: identity.started,
      endpoints: endpoints.map(statsOf),
    }),
  };
  return Object.entries(answers).flatMap(([verb, answer]) =>
    [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${id}`].map((subject) =>
      nc.subscribe(subject, {
        callback: (error: Error | null, message: Msg) => {
          if (!error) message.respond(JSON.stringify(answer()));
        },
      }),
    ),
  );
}

function statsOf(endpoint: EndpointState): unknown {
  return {
    name: endpoint.name,
    subject: endpoint.subject,
    queue_group: endpoint.queueGroup,
    num_requests: endpoint.requests,
    num_errors: endpoint.errors,
    last_error: endpoint.lastError,
    processing_time: Math.round(endpoint.processingNs),
    average_processing_time: endpoint.requests === 0 ? 0 : Math.round(endpoint.processingNs / endpoint.requests),
  };
}
