/**
 * Money as people write it: the contract's minor units with the decimals of their currency (ISO 4217), `2900` euro cents as
 * `29.00 EUR`. An amount in no currency in particular stays in minor units.
 */
export function moneyText({ amount, currency }: { readonly amount: string; readonly currency: string | null }): string {
  if (currency === null) return `${amount} minor units of any currency`;
  const decimals = decimalsOf(currency);
  const [, sign, digits] = /^(-?)(\d+)$/.exec(amount) ?? [];
  if (digits === undefined || decimals === 0) return `${amount} ${currency}`;
  const padded = digits.padStart(decimals + 1, '0');
  return `${sign}${padded.slice(0, -decimals)}.${padded.slice(-decimals)} ${currency}`;
}

function decimalsOf(currency: string): number {
  if (!/^[A-Z]{3}$/.test(currency)) return 0;
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits ?? 0;
}
