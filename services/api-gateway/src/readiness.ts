import type { Bus } from '@tollgate/bus';
import { principalsResolve, type AnyOperation, type ServiceName } from '@tollgate/contracts';
import { cached, type HealthRegistry } from '@tollgate/runtime';

const pingMs = 400;
const readMs = 400;
const cachedMs = 500;

/** Shaped like an account, and none. */
const nobody = { org: `org_${'0'.repeat(26)}`, subject: `acc_${'0'.repeat(26)}` };

/**
 * Readiness depends on the services that organizations reach through this door. One that only the operator needs (a
 * rebuild in the verifier) is a warning: nobody else would notice.
 */
export function checkServices(health: HealthRegistry, bus: Bus, operations: readonly AnyOperation[]): void {
  for (const service of new Set(operations.map((operation) => operation.service))) {
    const own = operations.filter((operation) => operation.service === service);
    const needed = own.some(({ who }) => who.some((caller) => caller !== 'operator'));
    const check = cached(async () => (await ping(bus, service)) ?? (await readLog(bus, service)), cachedMs);
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

/**
 * A service answers pings whether or not it reaches its database, and without the log nothing can be decided here. To know
 * a caller takes a read of the log, and it is the one internal operation that the gateway may call.
 */
async function readLog(bus: Bus, service: ServiceName): Promise<string | null> {
  if (service !== principalsResolve.service) return null;
  try {
    await bus.call(principalsResolve, nobody, { timeoutMs: readMs });
    return null;
  } catch {
    return `does not read the log within ${readMs} ms`;
  }
}
