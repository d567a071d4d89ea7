import { describe, expect, it } from '@jest/globals';
import { HealthRegistry } from './health.ts';

describe('readiness', () => {
  it('needs every check, and is not lost by a warning', async () => {
    const health = new HealthRegistry();
    health.check('database', () => null);
    health.warn('feed', () => 'is behind');
    expect(await health.readiness()).toEqual({ ready: true, reasons: [], warnings: ['feed: is behind'] });
    health.check('lease', async () => 'has ended');
    expect(await health.readiness()).toMatchObject({ ready: false, reasons: ['lease: has ended'] });
  });

  it('counts a check that fails or does not answer as not met', async () => {
    const health = new HealthRegistry();
    health.check('thrown', () => {
      throw new Error('of which nobody should learn the text');
    });
    health.check('silent', () => new Promise(() => undefined));
    expect((await health.readiness()).reasons).toEqual([
      'thrown: the check failed',
      'silent: did not answer within 1000 ms',
    ]);
  });

  it('names each thing that is wrong, up to ten of a kind', async () => {
    const health = new HealthRegistry();
    const refused: string[] = [];
    health.warn('witness', () => refused);
    expect((await health.readiness()).warnings).toEqual([]);
    refused.push('org_a is refused', 'org_b is refused');
    expect((await health.readiness()).warnings).toEqual(['witness: org_a is refused', 'witness: org_b is refused']);
    refused.push(...Array.from({ length: 10 }, (_, index) => `org_${index} is refused`));
    const { warnings } = await health.readiness();
    expect(warnings).toHaveLength(11);
    expect(warnings.at(-1)).toBe('witness: and 2 more');
  });
});
