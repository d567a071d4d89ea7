import { describe, it } from '@jest/globals';
import { type EventData, type NewEvent, starterPrices } from '@tollgate/contracts';
import { given } from '../testing/scenario.ts';
import { createProduct, type Price, product, setPrice } from './product.ts';

const now = '2026-06-01T00:00:00.000Z';
const facts: EventData<'ProductRegistered'> = {
  key: 'shop',
  name: 'Shop API',
  tokenPrefix: 'shop',
  environments: ['live', 'test'],
  mcpUrl: null,
  resources: [{ name: 'orders', operations: [{ name: 'list', method: 'GET', path: '/api/orders' }] }],
};
const registered: NewEvent = { type: 'ProductRegistered', data: facts };
const seat = (amount: string, effectiveFrom = now): Price => ({
  seat: { plan: 'pro', scope: 'multi-space', amount, currency: 'EUR', effectiveFrom },
});
const seatSet = (amount: string, effectiveFrom = now): NewEvent => ({
  type: 'SeatPriceSet',
  data: { product: 'shop', plan: 'pro', scope: 'multi-space', amount, currency: 'EUR', effectiveFrom },
});
const tool = (priceMicros: string, effectiveFrom = now): Price => ({
  tool: { tool: 'search', priceMicros, effectiveFrom },
});
const toolSet = (priceMicros: string, effectiveFrom = now): NewEvent => ({
  type: 'ToolPriceSet',
  data: { product: 'shop', tool: 'search', priceMicros, effectiveFrom },
});

describe('a new product', () => {
  it('is registered with the prices it begins with', () =>
    given(product)
      .when((state) => createProduct(state, { product: facts, prefixOf: null }))
      .then(registered, ...starterPrices('shop').map((data) => ({ type: 'SeatPriceSet' as const, data }))));
  it('needs a key of its own', () =>
    given(product, registered)
      .when((state) => createProduct(state, { product: facts, prefixOf: null }))
      .refused('ALREADY_EXISTS'));
  it('needs a prefix of its own', () =>
    given(product)
      .when((state) => createProduct(state, { product: facts, prefixOf: 'other' }))
      .refused('ALREADY_EXISTS'));
});

describe('a price', () => {
  it('of a seat is set from now on', () =>
    given(product, registered)
      .when((state) => setPrice(state, { price: seat('2900'), now }))
      .then(seatSet('2900')));
  it('of a tool is set from a later instant on', () =>
    given(product, registered)
      .when((state) => setPrice(state, { price: tool('1500', '2026-07-01T00:00:00.000Z'), now }))
      .then(toolSet('1500', '2026-07-01T00:00:00.000Z')));
  it('corrects one that begins at the same instant', () => {
    given(product, registered, seatSet('2900'))
      .when((state) => setPrice(state, { price: seat('3900'), now }))
      .then(seatSet('3900'));
    given(product, registered, toolSet('1500'))
      .when((state) => setPrice(state, { price: tool('1600'), now }))
      .then(toolSet('1600'));
  });
  it('that holds already decides nothing', () => {
    given(product, registered, seatSet('2900'))
      .when((state) => setPrice(state, { price: seat('2900'), now }))
      .then();
    given(product, registered, toolSet('1500'))
      .when((state) => setPrice(state, { price: tool('1500'), now }))
      .then();
  });
  it('that was corrected meanwhile is set again', () =>
    given(product, registered, seatSet('2900'), seatSet('3900'))
      .when((state) => setPrice(state, { price: seat('2900'), now }))
      .then(seatSet('2900')));
  it('may begin a minute ago, for clocks that are slow', () =>
    given(product, registered)
      .when((state) => setPrice(state, { price: seat('2900', '2026-05-31T23:59:00.000Z'), now }))
      .then(seatSet('2900', '2026-05-31T23:59:00.000Z')));
  it('never begins before that', () => {
    for (const price of [seat('2900', '2026-05-31T23:58:59.999Z'), tool('1', '2020-01-01T00:00:00.000Z')])
      given(product, registered)
        .when((state) => setPrice(state, { price, now }))
        .refused('PRICE_IN_PAST');
  });
  it('needs a product', () =>
    given(product)
      .when((state) => setPrice(state, { price: seat('2900'), now }))
      .refused('NOT_FOUND'));
});
