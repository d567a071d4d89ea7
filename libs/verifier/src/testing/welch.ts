/** Welch's t of two samples: the difference of their means in units of its standard error, for variances that may differ. */
export function welchT(a: readonly number[], b: readonly number[]): number {
  const [left, right] = [describe(a), describe(b)];
  return (left.mean - right.mean) / Math.sqrt(left.variance / a.length + right.variance / b.length);
}

function describe(sample: readonly number[]): { mean: number; variance: number } {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length;
  const variance = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (sample.length - 1);
  return { mean, variance };
}
