import { fileURLToPath } from 'node:url';
import { stackServices, type ServiceDefinition } from '../services/service-definitions.ts';

/** The stack's services with their names and ports, each played by `fake-service.ts`. */
export const fakeServices: readonly ServiceDefinition[] = stackServices.map((service) => ({
  ...service,
  main: fileURLToPath(new URL('./fake-service.ts', import.meta.url)),
}));
