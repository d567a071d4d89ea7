import type { InputOf, usageReport } from '@tollgate/contracts';

export type UsageReport = InputOf<typeof usageReport>;

/** Counts of use, beside the log. */
export interface Usage {
  /** Adds a report, all of it or nothing; false if this one or a later one of the same incarnation had been added before. */
  add(report: UsageReport): Promise<boolean>;
}

/** Counts of use on their way to warehouses. */
export interface UsageFeed {
  /** Returns at once: nobody waits for the stream. */
  publish(report: UsageReport): void;
}
