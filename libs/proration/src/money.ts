/** `dividend / divisor` rounded to the nearest integer, an exact half away from zero. Throws a RangeError unless `divisor` is positive. */
export function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  if (divisor <= 0n) throw new RangeError('The divisor of a rounded quotient must be positive.');
  const magnitude = dividend < 0n ? -dividend : dividend;
  const quotient = (2n * magnitude + divisor) / (2n * divisor);
  return dividend < 0n ? -quotient : quotient;
}

/**
 * Splits one amount by rounding the running total, never the parts: part i is what the rounded total of the first i
 * parts adds to that of the first i - 1. So the parts always add up to
 * `roundedQuotient(price * sum(numerators), denominator)`, the same as the whole in one piece.
 *
 * `price` is in minor units; `numerators` and `denominator` count the same unit (seconds or days).
 */
export function roundedShares(parts: { price: bigint; numerators: readonly bigint[]; denominator: bigint }): bigint[] {
  let units = 0n;
  let billed = 0n;
  return parts.numerators.map((numerator) => {
    units += numerator;
    const total = roundedQuotient(parts.price * units, parts.denominator);
    const share = total - billed;
    billed = total;
    return share;
  });
}
