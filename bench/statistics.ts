/** The value below which this share of the samples lies. Sorts the samples. */
export function quantile(samples: number[], share: number): number {
  samples.sort((a, b) => a - b);
  return samples[Math.min(samples.length - 1, Math.floor(samples.length * share))] ?? NaN;
}

export const median = (samples: readonly number[]): number => quantile([...samples], 0.5);
