import type { EventData } from './events/catalogue.ts';

/**
 * What the log starts with: the product `default`, with starter prices, so that a newcomer sees amounts. token-command
 * records both as events of a new log; from then on the log, not this file, says what holds.
 */
export const defaultProduct: EventData<'ProductRegistered'> = {
  key: 'default',
  name: 'Default product',
  tokenPrefix: 'sk',
  environments: ['live', 'test'],
  mcpUrl: null,
  resources: [
    { name: 'agent', operations: [{ name: 'connect' }] },
    {
      name: 'agents',
      operations: [
        { name: 'list', method: 'GET', path: '/api/agent-base' },
        { name: 'install', method: 'POST', path: '/api/agent-base' },
        { name: 'update', method: 'PATCH', path: '/api/agent-base/{id}' },
        { name: 'delete', method: 'DELETE', path: '/api/agent-base/{id}' },
      ],
    },
    { name: 'executions', operations: [{ name: 'list', method: 'GET', path: '/api/agent-base/{id}/executions' }] },
    { name: 'webhooks', operations: [{ name: 'send', method: 'POST', path: '/api/webhook/*' }] },
    {
      name: 'integrations',
      operations: [
        { name: 'list', method: 'GET', path: '/api/integrations-base' },
        { name: 'create', method: 'POST', path: '/api/integrations-base' },
        { name: 'update', method: 'PATCH', path: '/api/integrations-base/{id}' },
        { name: 'delete', method: 'DELETE', path: '/api/integrations-base/{id}' },
      ],
    },
    {
      name: 'knowledge',
      operations: [
        { name: 'list', method: 'GET', path: '/api/knowledge-base' },
        { name: 'search', method: 'POST', path: '/api/knowledge-base/search' },
      ],
    },
    {
      name: 'triggers',
      operations: [
        { name: 'list', method: 'GET', path: '/api/agent-base/triggers' },
        { name: 'execute', method: 'POST', path: '/api/agent-base/triggers/{id}/execute' },
        { name: 'details', method: 'GET', path: '/api/agent-base/triggers/{id}' },
      ],
    },
    {
      name: 'chat',
      operations: [
        { name: 'chat', method: 'POST', path: '/api/assistant/chat' },
        { name: 'history', method: 'GET', path: '/api/assistant/chat' },
      ],
    },
    {
      name: 'storage',
      operations: [
        { name: 'upload', method: 'POST', path: '/api/knowledge-base/storage' },
        { name: 'download', method: 'GET', path: '/api/knowledge-base/storage/{id}' },
        { name: 'delete', method: 'DELETE', path: '/api/knowledge-base/storage/{id}' },
        { name: 'list', method: 'GET', path: '/api/knowledge-base/storage' },
      ],
    },
  ],
};

/**
 * The prices a product begins with, per period and seat, in minor units of whatever currency the organization has. Every seat
 * has a price from the first one on, and amounts can be read at once; the operator's own prices win from their `effectiveFrom`.
 */
export function starterPrices(product: string): readonly EventData<'SeatPriceSet'>[] {
  return starterAmounts.map(([plan, scope, amount]) => ({
    product,
    plan,
    scope,
    amount,
    currency: null,
    effectiveFrom: '2020-01-01T00:00:00.000Z',
  }));
}

const starterAmounts = [
  ['core', 'single-space', '900'],
  ['core', 'multi-space', '1900'],
  ['pro', 'single-space', '1500'],
  ['pro', 'multi-space', '2900'],
  ['enterprise', 'single-space', '2500'],
  ['enterprise', 'multi-space', '4900'],
] as const;
