import { describe, expect, it } from '@jest/globals';
import { moneyText } from './money.ts';

describe('money on a terminal', () => {
  it.each([
    ['2900', 'EUR', '29.00 EUR'],
    ['5', 'EUR', '0.05 EUR'],
    ['0', 'EUR', '0.00 EUR'],
    ['-1416', 'EUR', '-14.16 EUR'],
    ['-3', 'USD', '-0.03 USD'],
    ['2900', 'JPY', '2900 JPY'],
    ['2900', 'BHD', '2.900 BHD'],
    ['123456789012345678901234567890', 'EUR', '1234567890123456789012345678.90 EUR'],
  ])('%s of %s is %s', (amount, currency, text) => {
    expect(moneyText({ amount, currency })).toBe(text);
  });

  it('of no currency in particular stays in minor units', () => {
    expect(moneyText({ amount: '1900', currency: null })).toBe('1900 minor units of any currency');
  });

  it('that is no amount is shown as it came', () => {
    expect(moneyText({ amount: 'lots', currency: 'EUR' })).toBe('lots EUR');
    expect(moneyText({ amount: '12', currency: '\u001b[2J' })).toBe('12 \u001b[2J');
  });
});
