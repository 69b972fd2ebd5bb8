// The audit chain: each row's hash covers the row and the hash before it, so no row can be changed, added or taken out unseen.
// Adds rows within the caller's transaction; verify-audit.ts reads them back.

import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { AuditEntry } from '../contract.ts'
import { canonicalJson, storable } from './canonical-json.ts'

/** What stands before the first row. */
export const GENESIS = '0'.repeat(64)

/** As stored: the texts of `before` and `after` are canonical JSON. */
export interface ChainRow {
  readonly seq: number
  readonly atMs: number
  readonly actor: string
  readonly source: string
  readonly action: string
  readonly subject: string
  readonly reason: string
  readonly before: string
  readonly after: string
}

export interface ChainEnd {
  readonly seq: number
  readonly hash: string
}

/** An array has one spelling only; JSON escapes whatever could be mistaken for the next field. */
export function chainHash(previous: string, row: ChainRow): string {
  const { seq, atMs, actor, source, action, subject, reason, before, after } = row
  const text = JSON.stringify([previous, seq, atMs, actor, source, action, subject, reason, before, after])
  return createHash('sha256').update(text).digest('hex')
}

/** A cut takes whole prefixes only, and adds a row: a chain that has had rows is never empty. */
export function chainEnd(db: DatabaseSync): ChainEnd {
  const row = db.prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get()
  return row === undefined ? { seq: 0, hash: GENESIS } : { seq: Number(row.seq), hash: String(row.hash) }
}

export function addToChain(db: DatabaseSync, entry: AuditEntry, nowMs: number): ChainEnd {
  const end = chainEnd(db)
  const row: ChainRow = {
    seq: end.seq + 1,
    atMs: Math.trunc(entry.atMs ?? nowMs),
    actor: storable(entry.actor),
    source: entry.source,
    action: storable(entry.action),
    subject: storable(entry.subject),
    reason: storable(entry.reason ?? ''),
    before: canonicalJson(entry.before),
    after: canonicalJson(entry.after),
  }
  const hash = chainHash(end.hash, row)
  db.prepare(
    `INSERT INTO audit (seq, at_ms, actor, source, action, subject, reason, before_json, after_json, hash)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(row.seq, row.atMs, row.actor, row.source, row.action, row.subject, row.reason, row.before, row.after, hash)
  return { seq: row.seq, hash }
}
