// Reads the whole audit chain and names the first row that was changed, is missing or was put in. Changes nothing.
// A chain without its end is a sound chain: only a hash that was kept elsewhere can tell that rows are gone from there.

import type { DatabaseSync } from 'node:sqlite'
import { faultOf } from '../sqlite-fault.ts'
import { type ChainEnd, type ChainRow, chainHash, GENESIS } from './audit-chain.ts'
import { CUT_ACTION } from './audit-cut.ts'
import { AUDIT_GUARDS } from './audit-guards.ts'

export interface AuditVerdict {
  /** Undefined = the chain is whole; else one line on the first fault. */
  readonly fault: string | undefined
  /** Sound rows, up to the fault. */
  readonly rows: number
  /** The last sound row; the hash to keep elsewhere. */
  readonly head: ChainEnd
  /** The last row that retention has deleted; undefined = the chain is there from its first row. */
  readonly cut: ChainEnd | undefined
}

/** @param expect a hash that `head` had before: it must still be in the chain. Any case, surrounding space is fine */
export function verifyAudit(db: DatabaseSync, path: string, expect?: string): AuditVerdict {
  const walk: Walk = {
    rows: 0,
    head: { seq: 0, hash: GENESIS },
    cut: undefined,
    wanted: expect?.trim().toLowerCase(),
    cutsSaid: new Set(),
  }
  let fault: string | undefined
  try {
    // One snapshot for all statements: a vigia that runs goes on writing.
    db.exec('BEGIN')
    fault = firstFault(db, walk) ?? missingGuard(db)
  } catch (error) {
    fault = `nothing can be read behind row ${walk.head.seq}: ${faultOf(error, path).text}`
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK')
  }
  return { fault, rows: walk.rows, head: walk.head, cut: walk.cut }
}

interface Walk {
  rows: number
  head: ChainEnd
  cut: ChainEnd | undefined
  /** The hash that must be met; undefined = none, or it has been. */
  wanted: string | undefined
  readonly cutsSaid: Set<string>
}

function firstFault(db: DatabaseSync, walk: Walk): string | undefined {
  const cut = db.prepare('SELECT cut_seq, hash FROM audit_cut ORDER BY cut_seq DESC LIMIT 1').get()
  if (cut !== undefined) {
    walk.cut = { seq: Number(cut.cut_seq), hash: String(cut.hash) }
    walk.head = walk.cut
  }
  meet(walk, walk.head.hash)
  for (const stored of db.prepare('SELECT * FROM audit ORDER BY seq').iterate()) {
    const row = chainRow(stored)
    const due = walk.head.seq + 1
    if (row.seq > due) {
      return row.seq === due + 1 ? `row ${due} is missing` : `the rows ${due} to ${row.seq - 1} are missing`
    }
    if (row.seq < due) return `row ${row.seq} was put in: the chain begins with row ${due}`
    const hash = chainHash(walk.head.hash, row)
    if (hash !== stored.hash) {
      return `row ${row.seq} was changed or put in (${row.action} of ${row.subject} by ${row.actor}): its hash does not follow from row ${row.seq - 1}`
    }
    if (row.action === CUT_ACTION) walk.cutsSaid.add(row.after)
    walk.rows += 1
    walk.head = { seq: row.seq, hash }
    meet(walk, hash)
  }
  if (walk.cut !== undefined && !isSaid(walk.cut, walk.cutsSaid)) {
    return `the rows up to ${walk.cut.seq} were deleted, and no row says that vigia did it`
  }
  if (walk.wanted === undefined) return undefined
  return `no row has the hash ${walk.wanted}: rows behind row ${walk.head.seq} were deleted, or the hash is of another store`
}

function missingGuard(db: DatabaseSync): string | undefined {
  const found = new Map(
    db
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('audit', 'audit_cut')")
      .all()
      .map(row => [String(row.name), String(row.sql)]),
  )
  const missing = Object.entries(AUDIT_GUARDS).find(([name, sql]) => found.get(name) !== sql)
  return missing === undefined
    ? undefined
    : `the trigger ${missing[0]}, which keeps the audit as it was written, was taken away or changed`
}

function meet(walk: Walk, hash: string): void {
  if (walk.wanted === hash) walk.wanted = undefined
}

function isSaid({ seq, hash }: ChainEnd, said: ReadonlySet<string>): boolean {
  return [...said].some(text => {
    const { cutSeq, hash: saidHash } = JSON.parse(text) as { cutSeq?: unknown; hash?: unknown }
    return cutSeq === seq && saidHash === hash
  })
}

function chainRow(stored: Record<string, unknown>): ChainRow {
  return {
    seq: Number(stored.seq),
    atMs: Number(stored.at_ms),
    actor: String(stored.actor),
    source: String(stored.source),
    action: String(stored.action),
    subject: String(stored.subject),
    reason: String(stored.reason),
    before: String(stored.before_json),
    after: String(stored.after_json),
  }
}
