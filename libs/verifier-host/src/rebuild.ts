import { TollgateError, type RebuildReport } from '@tollgate/contracts';
import type { EventSource } from '@tollgate/event-log';
import { digestReplica, type Replica } from '@tollgate/verifier';

const pageMax = 1000;

/** Reads the log into a replica until it stands where `target` says, which may move on meanwhile. */
export async function replay(source: EventSource, replica: Replica, target: () => number): Promise<void> {
  while (replica.applied < target()) {
    const events = await source.read(replica.applied, Math.min(pageMax, target() - replica.applied));
    if (events.length === 0 || (await source.logId()) !== replica.logId) {
      throw new TollgateError(
        'SERVICE_UNAVAILABLE',
        'The log changed while it was read again. Start the rebuild anew.',
      );
    }
    for (const event of events) replica.apply(event);
  }
}

/** Compares two replicas of the same position, table by table. */
export async function compareReplicas(live: Replica, rebuilt: Replica): Promise<RebuildReport> {
  const [before, after] = [await digestReplica(live), await digestReplica(rebuilt)];
  const tables = before.map(({ name, rows: liveRows, digest: liveDigest }, index) => {
    const { rows, digest } = after[index] as (typeof after)[number];
    return { name, rows, liveRows, liveDigest, rebuiltDigest: digest };
  });
  const differences = tables
    .filter(({ liveDigest, rebuiltDigest }) => liveDigest !== rebuiltDigest)
    .map(
      ({ name, rows, liveRows }) =>
        `${name}: the running replica has ${liveRows} rows, the rebuilt one ${rows}, with other contents`,
    );
  return {
    projection: 'credentials',
    position: rebuilt.applied,
    identical: differences.length === 0,
    tables: tables.map(({ name, rows, liveDigest, rebuiltDigest }) => ({ name, rows, liveDigest, rebuiltDigest })),
    differences,
  };
}
