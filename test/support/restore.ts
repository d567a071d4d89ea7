import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestStack } from '@tollgate/stack';

/** A copy of the data directory of Postgres as it is now. Postgres is away meanwhile. */
export async function copyPostgres({ postgres, dataDir }: TestStack): Promise<{ restore(): Promise<void> }> {
  const directory = join(dataDir, 'postgres');
  await postgres.stop();
  execFileSync('cp', ['-a', directory, `${directory}-copy`]);
  await postgres.start();
  return {
    /** Puts the copy back, once. What was written since is gone. */
    async restore() {
      await postgres.stop();
      execFileSync('rm', ['-rf', directory]);
      execFileSync('mv', [`${directory}-copy`, directory]);
      await postgres.start();
    },
  };
}
