/** Injection tokens of what every service has. `@Inject(BUS) bus: Bus` and so on. */

/** `Bus` of @tollgate/bus. */
export const BUS = Symbol('BUS');
/** `Pool` of @tollgate/event-log: for services with a database. */
export const POOL = Symbol('POOL');
/** `JwtVerifier` of @tollgate/identity. */
export const JWT_VERIFIER = Symbol('JWT_VERIFIER');
/** `HealthRegistry`. */
export const HEALTH = Symbol('HEALTH');
/** `Configuration`. */
export const CONFIGURATION = Symbol('CONFIGURATION');
/**
 * `PrincipalResolver` of @tollgate/identity. A service that owns the directory provides its own; the others ask it over
 * the bus.
 */
export const PRINCIPAL_RESOLVER = Symbol('PRINCIPAL_RESOLVER');
