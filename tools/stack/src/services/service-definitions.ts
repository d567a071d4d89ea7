import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceName } from '@tollgate/contracts';

/** One service as the launcher knows it. */
export interface ServiceDefinition {
  name: ServiceName;
  /** The program: a JavaScript file. */
  main: string;
  /** Which setting gives its HTTP port; `health`: a free port, for health and metrics only. */
  port: 'http' | 'verifier' | 'health';
}

/** The repository's root. */
export const repositoryRoot = fileURLToPath(new URL('../../../..', import.meta.url));

const service = (name: ServiceName, port: ServiceDefinition['port']): ServiceDefinition => ({
  name,
  main: join(repositoryRoot, 'services', name, 'dist', 'main.js'),
  port,
});

/** The services of the stack, the authority first. */
export const stackServices: readonly ServiceDefinition[] = [
  service('token-command', 'health'),
  service('auth-verifier', 'verifier'),
  service('billing-meter', 'health'),
  service('audit-projector', 'health'),
  service('witness', 'health'),
  service('api-gateway', 'http'),
];
