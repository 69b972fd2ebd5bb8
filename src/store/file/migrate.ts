// Brings a file to the version of this program: forward only, each step whole or not at all.
// A file of a newer program, or of another one, is refused before anything is written to it.

import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store-error.ts'
import { APPLICATION_ID, MIGRATIONS } from './schema.ts'

export const SCHEMA_VERSION = MIGRATIONS.length

/** Looks at an existing file without changing it. Throws StoreError `newer` or `foreign`, or SQLite's error. */
export function refuseUnknown(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    refuseUnknownContent(db, path)
  } finally {
    db.close()
  }
}

export function refuseUnknownContent(db: DatabaseSync, path: string): void {
  const version = pragma(db, 'user_version')
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n)
  if (tables > 0 && pragma(db, 'application_id') !== APPLICATION_ID) {
    throw new StoreError('foreign', `${path} is a database of another program: name another file`)
  }
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      'newer',
      `${path} was written by a newer vigia (version ${version} of the file, this one knows ${SCHEMA_VERSION}): use that vigia, or restore an older backup`,
    )
  }
}

/** Returns the version it had. */
export function migrate(db: DatabaseSync, steps: readonly string[] = MIGRATIONS): number {
  const found = pragma(db, 'user_version')
  for (let version = found; version < steps.length; version += 1) {
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(steps[version]!)
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version + 1}`)
      db.exec('COMMIT')
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
  return found
}

export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}
