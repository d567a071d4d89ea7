import type { ServiceDefinition } from '@tollgate/runtime';
import { AuditProjectorModule } from './audit-projector.module.ts';

export const auditProjector: ServiceDefinition = {
  name: 'audit-projector',
  module: AuditProjectorModule,
  database: true,
};
