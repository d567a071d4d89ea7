import type { Bus } from '@tollgate/bus';
import type { AnyOperation, ServiceName } from '@tollgate/contracts';
import { cached, type HealthRegistry } from '@tollgate/runtime';

const pingMs = 400;
const cachedMs = 500;

/**
 * Readiness depends on the services that organizations reach through this door. One that only the operator needs (a
 * rebuild in the verifier) is a warning: nobody else would notice.
 */
export function checkServices(health: HealthRegistry, bus: Bus, operations: readonly AnyOperation[]): void {
  for (const service of new Set(operations.map((operation) => operation.service))) {
    const own = operations.filter((operation) => operation.service === service);
    const needed = own.some(({ who }) => who.some((caller) => caller !== 'operator'));
    const check = cached(() => ping(bus, service), cachedMs);
    if (needed) health.check(service, check);
    else health.warn(service, check);
  }
}

/** Asks any instance of the service, by the NATS Services API (ADR-32), whether it is there. */
async function ping(bus: Bus, service: ServiceName): Promise<string | null> {
  // Without the connection the bus's own check says so; a request would only wait.
  if (!bus.connected) return 'cannot be asked: the bus is down';
  try {
    await bus.nc.request(`$SRV.PING.${service}`, undefined, { timeout: pingMs });
    return null;
  } catch {
    return `does not answer on the bus within ${pingMs} ms`;
  }
}
