// Keeps the file bounded: deletes what is older than it is worth, in turns short enough that a write never waits for long, and
// gives the room back to the disk.

import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { cutAudit } from '../audit/audit-cut.ts'
import type { Limit, Retention } from '../contract.ts'
import { pragma } from '../file/migrate.ts'

const DAY_MS = 86_400_000
/** Rows per table and turn. */
const TURN_ROWS = 2_000
/** Pages given back per turn. */
const TURN_PAGES = 500
/** A log that a long reader let grow is cut back. */
const LOG_BYTES = 16 * 1024 * 1024

/**
 * Returns whether another turn is needed. For their age the rows of one day go at a time, the oldest, and of the audit those of one week,
 * whatever the clock says: one that is years ahead would else empty the file at once.
 * @param nowMs undefined = none goes for its age
 */
export function tidy(db: DatabaseSync, path: string, retention: Retention, nowMs: number | undefined): boolean {
  const more = inTransaction(db, () =>
    [
      trim(db, 'transition', retention.transitions, nowMs, 'at_ms'),
      trim(db, 'incident', retention.incidents, nowMs, 'end_ms'),
      trim(db, 'in_doubt', retention.inDoubt, nowMs, 'resolved_ms'),
      trim(db, 'configuration', retention.configurations, nowMs, 'at_ms'),
      nowMs !== undefined && cutAudit(db, retention.auditDays, nowMs, TURN_ROWS),
    ].some(Boolean),
  )
  if (pragma(db, 'freelist_count') > TURN_PAGES) db.exec(`PRAGMA incremental_vacuum(${TURN_PAGES})`)
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if (log !== undefined && log.size > LOG_BYTES) db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  return more
}

/** The newest row stays: it is the latest word on how things are. */
function trim(
  db: DatabaseSync,
  table: string,
  { days, rows }: Limit,
  nowMs: number | undefined,
  age: 'at_ms' | 'end_ms' | 'resolved_ms',
): boolean {
  const span = db.prepare(`SELECT max(id) AS last, min(${age}) AS oldest FROM ${table}`).get()
  if (span === undefined || span.last === null) return false
  const endOfDayMs = (Math.floor(Number(span.oldest) / DAY_MS) + 1) * DAY_MS
  const last = Number(span.last)
  const { changes } = db
    .prepare(
      `DELETE FROM ${table} WHERE id IN
         (SELECT id FROM ${table} WHERE id < ? AND (id <= ? OR ${age} < ?) ORDER BY id LIMIT ${TURN_ROWS})`,
    )
    .run(last, last - rows, nowMs === undefined ? 0 : Math.min(nowMs - days * DAY_MS, endOfDayMs))
  return changes === TURN_ROWS
}

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
