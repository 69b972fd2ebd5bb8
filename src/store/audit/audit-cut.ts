// Deletes the oldest rows of the audit: only whole prefixes go, and the chain says where it begins now.

import type { DatabaseSync } from 'node:sqlite'
import { addToChain } from './audit-chain.ts'

const DAY_MS = 86_400_000
/** Whole weeks go, not row by row: each cut is a row itself. One at a time: a clock that is years ahead must not empty the audit. */
const WEEK_MS = 7 * DAY_MS

export const CUT_ACTION = 'audit.cut'

/**
 * Up to the first row that is young enough, whatever a clock that went backwards made of the later ones.
 * @param most rows that go at once
 * @returns whether there may be more
 */
export function cutAudit(db: DatabaseSync, days: number, nowMs: number, most: number): boolean {
  const oldest = db.prepare('SELECT seq, at_ms FROM audit ORDER BY seq LIMIT 1').get()
  if (oldest === undefined) return false
  const limitMs = (Math.floor(Number(oldest.at_ms) / WEEK_MS) + 1) * WEEK_MS - 1
  if (limitMs >= nowMs - days * DAY_MS) return false
  const first = Number(oldest.seq)
  const span = db.prepare('SELECT max(seq) AS last FROM audit').get()!
  const kept = db.prepare('SELECT min(seq) AS seq FROM audit WHERE at_ms > ?').get(limitMs)
  const firstKept = kept?.seq == null ? Number(span.last) : Number(kept.seq)
  const cutSeq = Math.min(firstKept, first + most) - 1
  if (cutSeq < first) return false
  const hash = String(db.prepare('SELECT hash FROM audit WHERE seq = ?').get(cutSeq)?.hash)
  // The chain itself says that it was cut, and where: a cut that nobody recorded is a missing beginning.
  addToChain(db, cutEntry({ cutSeq, hash, rows: cutSeq - first + 1 }, days), nowMs)
  db.prepare('INSERT INTO audit_cut VALUES (?, ?, ?)').run(cutSeq, nowMs, hash)
  db.prepare('DELETE FROM audit WHERE seq <= ?').run(cutSeq)
  return cutSeq === first + most - 1
}

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
