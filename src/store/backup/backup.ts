// Copies a store while it is in use, as it was at one moment, and reads the copy before it counts as one.
// Never writes to the store that it copies.

import { existsSync, renameSync, statSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { ensurePrivate, removeParts, storePath, syncFile, syncFolder } from '../file/file-names.ts'
import { refuseUnknownContent } from '../file/migrate.ts'
import { faultOf } from '../sqlite-fault.ts'
import { StoreError } from '../store-error.ts'
import { type Inspection, inspectStore } from './inspect.ts'

export interface BackupReport extends Inspection {
  readonly bytes: number
}

const PAGES_PER_STEP = 1_000
const BUSY_MS = 5_000

/**
 * Writes a whole, single file that needs nothing beside it, readable by its owner only. Rejects with StoreError; then there is no
 * file of that name, or the one that was there is as it was.
 */
export async function backUp(from: string, to: string, { force }: { readonly force: boolean }): Promise<BackupReport> {
  if (!existsSync(from)) throw new StoreError('unavailable', `there is no store ${from}: say where it is with --store`)
  if (storePath(from) === storePath(to)) throw new StoreError('refused', `${to} is the store itself: name another file`)
  if (existsSync(to) && !force) throw new StoreError('refused', `${to} exists: name another file, or say --force`)
  const partial = `${to}.partial-${process.pid}`
  try {
    await copyStore(from, partial)
    const found = inspectStore(partial, 'full')
    if (found.audit?.fault !== undefined) {
      throw new StoreError('refused', `the audit of ${from} is not whole (vigia audit verify): ${found.audit.fault}`)
    }
    const bytes = statSync(partial).size
    renameSync(partial, to)
    syncFolder(to)
    return { ...found, bytes }
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError('unavailable', faultOf(error, to).text)
  } finally {
    removeParts(partial)
  }
}

/** A copy at one moment, without a log, on the disk. Throws StoreError, or what SQLite or the file system says. */
export async function copyStore(from: string, to: string): Promise<void> {
  removeParts(to)
  ensurePrivate(to)
  const source = reading(from)
  try {
    refuseUnknownContent(source, from)
    // With a read transaction of its own the copy is of one moment; without, each write by vigia would begin it anew.
    source.exec('BEGIN; SELECT count(*) FROM sqlite_schema')
    await backup(source, to, { rate: PAGES_PER_STEP })
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new StoreError('unavailable', faultOf(error, from).text)
  } finally {
    source.close()
  }
  const copy = new DatabaseSync(to)
  copy.exec('PRAGMA journal_mode = DELETE')
  copy.close()
  syncFile(to)
}

function reading(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS })
}
