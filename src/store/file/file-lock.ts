// One vigia per store: a lock in a file beside it, which the kernel drops when its process ends, however it ends.
// The lock is a write transaction of SQLite that is never ended: its locks work wherever those of the store work.

import { DatabaseSync } from 'node:sqlite'
import { faultOf } from '../sqlite-fault.ts'
import { StoreError } from '../store-error.ts'
import { ensurePrivate, lockPath } from './file-names.ts'

export interface FileLock {
  release(): void
}

/** Throws StoreError `locked`, in words; or what the file system says, where there can be no lock. */
export function lockStore(path: string): FileLock {
  const name = lockPath(path)
  ensurePrivate(name)
  const db = new DatabaseSync(name, { timeout: 0 })
  try {
    take(db, path)
    sayWho(db)
    if (!db.isTransaction) take(db, path)
  } catch (error) {
    db.close()
    throw error
  }
  return { release: () => db.close() }
}

function take(db: DatabaseSync, path: string): void {
  try {
    db.exec('BEGIN IMMEDIATE')
  } catch (error) {
    if (faultOf(error, path).kind !== 'busy') throw error
    throw new StoreError(
      'locked',
      `${path} is in use by another vigia${holder(db)}: stop that one, or name another file`,
    )
  }
}

/** Others read it while the lock is held. To be read it must be committed, which lets go for a moment: `take` again decides. */
function sayWho(db: DatabaseSync): void {
  try {
    db.exec('CREATE TABLE IF NOT EXISTS holder (pid INTEGER) STRICT; DELETE FROM holder')
    db.prepare('INSERT INTO holder VALUES (?)').run(process.pid)
    db.exec('COMMIT')
  } catch {
    // No room for the number: the lock itself needs none.
    if (db.isTransaction) db.exec('ROLLBACK')
  }
}

function holder(db: DatabaseSync): string {
  try {
    const row = db.prepare('SELECT pid FROM holder').get()
    return row === undefined ? '' : ` (process ${row.pid})`
  } catch {
    return ''
  }
}
