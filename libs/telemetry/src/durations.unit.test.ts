import { expect, it } from '@jest/globals';
import { createDurationHistogram } from './durations.ts';
import { metricsHandler } from './metrics.ts';

it('is shown with its labels, in buckets whose upper bounds belong to them', async () => {
  const histogram = createDurationHistogram('tollgate_test_duration_seconds', 'Of this test');
  const [get, unused] = [histogram.series({ method: 'GET' }), histogram.series({ method: 'PUT' })];
  expect(histogram.series({ method: 'GET' })).toBe(get);
  expect(unused.isEmpty).toBe(true);
  for (const ms of [0.1, 0.25, 0.26, 1, 10_000, 10_001]) get.record(ms);
  const lines = (await metricsHandler()).split('\n').filter((line) => line.includes('tollgate_test_duration_seconds'));
  const valueOf = (part: string) =>
    lines.filter((line) => line.includes(part)).map((line) => Number(line.split(' ')[1]));
  expect(valueOf('le="0.00025"')).toEqual([2]);
  expect(valueOf('le="0.0005"')).toEqual([3]);
  expect(valueOf('le="0.001"')).toEqual([4]);
  expect(valueOf('le="10"')).toEqual([5]);
  expect(valueOf('le="+Inf"')).toEqual([6]);
  expect(valueOf('seconds_count{method="GET"}')).toEqual([6]);
  expect(valueOf('seconds_sum{method="GET"}')[0]).toBeCloseTo(20.00261, 5);
  expect(lines.filter((line) => line.includes('PUT'))).toEqual([]);
  expect(lines).toContain('# TYPE tollgate_test_duration_seconds histogram');
});
