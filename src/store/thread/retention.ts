// Keeps the file bounded: deletes what is older than it is worth, in turns short enough that a write never waits for long, and
// gives the room back to the disk. Of the audit only whole prefixes go, and the chain says where it begins now.

import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { addToChain } from '../audit/audit-chain.ts'
import type { Limit, Retention } from '../contract.ts'
import { pragma } from '../file/migrate.ts'

const DAY_MS = 86_400_000
/** Rows per table and turn. */
const TURN_ROWS = 2_000
/** Pages given back per turn. */
const TURN_PAGES = 500
/** The audit is cut once a week, not row by row: each cut is a row itself. */
const CUT_EVERY_MS = 7 * DAY_MS
/** A log that a long reader let grow is cut back. */
const LOG_BYTES = 16 * 1024 * 1024

/** Returns whether another turn is needed. */
export function tidy(db: DatabaseSync, path: string, retention: Retention, nowMs: number): boolean {
  const more = inTransaction(db, () =>
    [
      trim(db, 'transition', retention.transitions, nowMs, 'at_ms < ?'),
      trim(db, 'incident', retention.incidents, nowMs, 'end_ms < ?'),
      trim(db, 'in_doubt', retention.inDoubt, nowMs, 'resolved_ms < ?'),
      trim(db, 'configuration', retention.configurations, nowMs, 'at_ms < ?'),
      cutAudit(db, retention.auditDays, nowMs),
    ].some(Boolean),
  )
  if (pragma(db, 'freelist_count') > TURN_PAGES) db.exec(`PRAGMA incremental_vacuum(${TURN_PAGES})`)
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if (log !== undefined && log.size > LOG_BYTES) db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  return more
}

/** The newest row stays: it is the latest word on how things are. */
function trim(db: DatabaseSync, table: string, { days, rows }: Limit, nowMs: number, old: string): boolean {
  const span = db.prepare(`SELECT min(id) AS first, max(id) AS last FROM ${table}`).get()
  if (span === undefined || span.last === null) return false
  const last = Number(span.last)
  const { changes } = db
    .prepare(
      `DELETE FROM ${table} WHERE id IN
         (SELECT id FROM ${table} WHERE id < ? AND (id <= ? OR ${old}) ORDER BY id LIMIT ${TURN_ROWS})`,
    )
    .run(last, last - rows, nowMs - days * DAY_MS)
  return changes === TURN_ROWS
}

/** Up to the first row that is young enough, whatever a clock that went backwards made of the later ones. */
function cutAudit(db: DatabaseSync, days: number, nowMs: number): boolean {
  const limitMs = nowMs - days * DAY_MS
  const oldest = db.prepare('SELECT seq, at_ms FROM audit ORDER BY seq LIMIT 1').get()
  if (oldest === undefined || Number(oldest.at_ms) > limitMs - CUT_EVERY_MS) return false
  const first = Number(oldest.seq)
  const span = db.prepare('SELECT max(seq) AS last FROM audit').get()!
  const kept = db.prepare('SELECT min(seq) AS seq FROM audit WHERE at_ms > ?').get(limitMs)
  const firstKept = kept?.seq == null ? Number(span.last) : Number(kept.seq)
  const cutSeq = Math.min(firstKept, first + TURN_ROWS) - 1
  if (cutSeq < first) return false
  const hash = String(db.prepare('SELECT hash FROM audit WHERE seq = ?').get(cutSeq)?.hash)
  // The chain itself says that it was cut, and where: a cut that nobody recorded is a missing beginning.
  addToChain(db, cutEntry({ cutSeq, hash, rows: cutSeq - first + 1 }, days), nowMs)
  db.prepare('INSERT INTO audit_cut VALUES (?, ?, ?)').run(cutSeq, nowMs, hash)
  db.prepare('DELETE FROM audit WHERE seq <= ?').run(cutSeq)
  return cutSeq === first + TURN_ROWS - 1
}

export const CUT_ACTION = 'audit.cut'

function cutEntry(after: { cutSeq: number; hash: string; rows: number }, days: number) {
  return {
    actor: 'vigia',
    source: 'automatic',
    action: CUT_ACTION,
    subject: 'audit',
    reason: `rows older than ${days} days are not kept`,
    after,
  } as const
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
