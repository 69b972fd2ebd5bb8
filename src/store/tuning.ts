// The numbers that the store works with when nobody says otherwise. Decides nothing.

import type { Retention, StoreTuning } from './contract.ts'

/** An auditor asks for the last business year; the file refuses to forget earlier. */
export const LEAST_AUDIT_DAYS = 400

export const DEFAULT_RETENTION: Retention = {
  transitions: { days: 90, rows: 200_000 },
  incidents: { days: 400, rows: 50_000 },
  inDoubt: { days: 400, rows: 50_000 },
  configurations: { days: 1_100, rows: 200 },
  auditDays: LEAST_AUDIT_DAYS,
}

export const DEFAULT_TUNING: StoreTuning = {
  openWithinMs: 10_000,
  commitWithinMs: 4_000,
  queryWithinMs: 5_000,
  closeWithinMs: 3_000,
  busyMs: 1_500,
  slowMs: 2_000,
  firstRetryMs: 250,
  longestRetryMs: 10_000,
  tidyEveryMs: 10 * 60_000,
  agesEveryMs: 3 * 3_600_000,
  queueRows: 10_000,
  batchRows: 500,
}
