import type { HealthRegistry } from '@tollgate/runtime';
import type { ReplicaHost } from '../application/replica-host.ts';

/** Ready means: a verification that arrives now is decided. */
export function reportHealth(health: HealthRegistry, host: ReplicaHost): void {
  health.check('replica', () => {
    const { bootstrapped, applied, bootstrapHead } = host.state();
    if (bootstrapped) return null;
    return bootstrapHead === null
      ? 'the log cannot be read yet'
      : `bootstrapping: ${applied} of ${bootstrapHead} events applied`;
  });
  health.check('lease', () => {
    const { bootstrapped, lease } = host.state();
    if (lease.ok || !bootstrapped) return null;
    return lease.reason === 'behind'
      ? 'the replica is behind the head of its lease'
      : 'there is no lease: the authority does not answer';
  });
  health.warn('feed', () =>
    host.state().trouble ? 'the feed waits: events cannot be read or applied, see the log' : null,
  );
}
