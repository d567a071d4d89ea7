import type { RebuildReport } from '@tollgate/contracts';

/** The projection `token-list`, as far as the application looks at it. */
export interface ReadModel {
  /** Resolves once the read model has applied `position`; else READ_MODEL_BEHIND after 2 s. */
  waitFor(position: number): Promise<void>;
  /** Builds it anew beside the running one, compares, switches. */
  rebuild(): Promise<RebuildReport>;
}
