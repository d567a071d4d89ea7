export { type TableComparison } from './compare.ts';
export { defineProjection, type ProjectionDefinition, type ProjectionTable } from './definition.ts';
export { ProjectionRunner, type ProjectionOptions } from './runner.ts';
export { withoutStatistics } from './statistics.ts';
export { asProjector, asTenant, everyTenant, secured, tenantSetting } from './tenant.ts';
