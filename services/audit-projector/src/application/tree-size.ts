import { TollgateError } from '@tollgate/contracts';
import type { Trees } from './ports.ts';

/** @throws TollgateError NOT_FOUND when the organization's log has fewer entries */
export async function requireSize(trees: Trees, orgId: string, size: number): Promise<void> {
  const there = await trees.size(orgId);
  if (size > there) throw new TollgateError('NOT_FOUND', `The audit log of this organization has ${there} entries.`);
}
