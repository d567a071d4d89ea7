/** Subjects that carry no operation. Core NATS; nothing here is a record. */
export const subjects = {
  /** Every event of `main`, for the stream. */
  events: 'tollgate.events.>',
  /**
   * Every event of `main`, for the services. Apart from the stream's subjects, because what is published to a stream asks for an
   * acknowledgement: each subscriber's permission to answer it would be remembered by the server for minutes.
   */
  feed: 'tollgate.feed.main',
  /** CloudEvents for finance: `tollgate.billing.<org>.<type>`. */
  billing: 'tollgate.billing.>',
  /** Audit entries without names: `tollgate.audit.<org>.<api-tokens|directory|billing|security>`. */
  audit: 'tollgate.audit.>',
  /** The subjects of the stream of usage. */
  usage: 'tollgate.usage.>',
  /** `UsageBatch` for warehouses, from token-command once it has counted it. */
  usageCounts: 'tollgate.usage.counts',
  /** The same as events of OCSF 1.3, where that stream is on: `tollgate.audit-ocsf.<org>.<api-tokens|directory|billing|security>`. */
  auditOcsf: 'tollgate.audit-ocsf.>',
  /** `{logId, head}` from the relay: lets a consumer notice that the last messages were lost. */
  heads: 'tollgate.heads.main',
  /** From an appender to the relay of another process: there is something to publish. */
  wake: 'tollgate.wake.main',
  /** `{logId, position}` from the authority: catch up and acknowledge. */
  barrierWake: 'tollgate.barrier.wake',
  /** `{logId, incarnation, applied}` from a verifier. */
  barrierAck: 'tollgate.barrier.ack',
  /** `BalanceReport` from billing-meter, soon after balances moved: a hint for verifiers. */
  balances: 'tollgate.balances',
  /** From a verifier that begins: say all of them. */
  balancesAsk: 'tollgate.balances.ask',
} as const;

export const streams = {
  events: 'TOLLGATE_EVENTS',
  billing: 'TOLLGATE_BILLING',
  audit: 'TOLLGATE_AUDIT',
  usage: 'TOLLGATE_USAGE',
  auditOcsf: 'TOLLGATE_AUDIT_OCSF',
} as const;
