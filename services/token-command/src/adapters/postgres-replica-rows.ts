import type { Pool } from '@tollgate/event-log';
import type { SnapshotPage } from '@tollgate/verifier';
import { rawPageBytesMax } from '@tollgate/contracts';
import type { ReplicaRows } from '../application/ports.ts';

/** Rows of tokens are about 220 bytes, so this many are about as much as a page may have. */
const rowsMax = 3_000;

/** The rows of the projection `replica`. */
export class PostgresReplicaRows implements ReplicaRows {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** One statement, so that the rows and their position are of one moment. */
  async page(after: SnapshotPage['next']): Promise<SnapshotPage> {
    const { rows } = await this.#pool.query<PageRow>({
      name: 'replica-page',
      text: `SELECT live.log_id AS "logId", live.position, part.kind, part.key, part.state
               FROM tokens.projection_checkpoints AS live
               LEFT JOIN LATERAL (SELECT kind, key, state FROM tokens.replica WHERE (kind, key) > ($1, $2)
                                   ORDER BY kind, key LIMIT $3) AS part ON true
              WHERE live.name = 'replica' AND live.live
              ORDER BY part.kind, part.key`,
      values: [after?.kind ?? -1, after?.key ?? '', rowsMax],
    });
    const { logId, position, key } = rows[0]!;
    if (key === null) return { logId, position, rows: '', next: null };
    const lines: string[] = [];
    let bytes = 0;
    for (const row of rows) {
      const line = `${row.kind} ${row.key} ${row.state}`;
      bytes += line.length + 1;
      if (bytes > rawPageBytesMax && lines.length > 0) break;
      lines.push(line);
    }
    const last = rows[lines.length - 1] as { kind: number; key: string };
    const more = lines.length < rows.length || rows.length === rowsMax;
    return { logId, position, rows: lines.join(';'), next: more ? { kind: last.kind, key: last.key } : null };
  }
}

/** Without rows that follow, the position stands alone. */
interface PageRow {
  logId: string;
  position: number;
  kind: number | null;
  key: string | null;
  state: string | null;
}
