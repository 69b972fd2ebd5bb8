// Looks through a store's file from end to end: is it sound, whose is it, what is in it. Changes nothing.

import { DatabaseSync } from 'node:sqlite'
import { type AuditVerdict, verifyAudit } from '../audit/verify-audit.ts'
import { pragma, refuseUnknownContent } from '../file/migrate.ts'
import { faultOf } from '../sqlite-fault.ts'
import { StoreError } from '../store-error.ts'

/** What is counted, and how it is called. */
const TABLES = {
  audit: 'audit',
  transitions: 'transition',
  incidents: 'incident',
  inDoubt: 'in_doubt',
  configurations: 'configuration',
  overrides: 'override',
  windows: 'maintenance_window',
  secrets: 'secret',
} as const

export type Counts = Readonly<Record<keyof typeof TABLES, number>>

export interface Inspection {
  /** Of the file. */
  readonly version: number
  readonly counts: Counts
  /** Undefined = not asked for. */
  readonly audit: AuditVerdict | undefined
}

/** `quick` reads every page, `full` compares the indexes and the audit chain as well. Throws StoreError where the file is no sound store. */
export function inspectStore(path: string, depth: 'quick' | 'full'): Inspection {
  return reading(path, db => {
    refuseUnknownContent(db, path)
    const version = pragma(db, 'user_version')
    if (version === 0) throw new StoreError('foreign', `${path} is empty: there is no store in it`)
    const check = depth === 'full' ? 'integrity_check(1)' : 'quick_check(1)'
    const found = String(Object.values(db.prepare(`PRAGMA ${check}`).get() ?? {})[0])
    if (found !== 'ok') throw new StoreError('unavailable', `${path} is corrupt (${found.replaceAll('\n', ' ')})`)
    const audit = depth === 'full' ? verifyAudit(db, path) : undefined
    return { version, counts: countsOf(db), audit }
  })
}

/** The audit alone. Throws StoreError where there is no store to read. */
export function inspectAudit(path: string, expect: string | undefined): AuditVerdict {
  return reading(path, db => {
    refuseUnknownContent(db, path)
    if (pragma(db, 'user_version') === 0) throw new StoreError('foreign', `${path} is empty: there is no store in it`)
    return verifyAudit(db, path, expect)
  })
}

function reading<T>(path: string, work: (db: DatabaseSync) => T): T {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    return work(db)
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new StoreError('unavailable', faultOf(error, path).text)
  } finally {
    db?.close()
  }
}

function countsOf(db: DatabaseSync): Counts {
  return Object.fromEntries(
    Object.entries(TABLES).map(([name, table]) => [
      name,
      hasTable(db, table) ? Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n) : 0,
    ]),
  ) as Record<keyof typeof TABLES, number>
}

/** An earlier version of vigia may have made the file. */
function hasTable(db: DatabaseSync, table: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) !== undefined
}
