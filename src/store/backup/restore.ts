// Puts a backup in the place of a store: a copy of it is read through first, then swapped in at once; what was there is kept beside.
// Refuses while a vigia holds the store.

import { existsSync, linkSync, renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { addToChain } from '../audit/audit-chain.ts'
import { lockStore } from '../file/file-lock.ts'
import { asideName, partsOf, removeParts, storePath, syncFile, syncFolder } from '../file/file-names.ts'
import { migrate, refuseUnknown } from '../file/migrate.ts'
import { faultOf } from '../sqlite-fault.ts'
import { StoreError } from '../store-error.ts'
import { copyStore } from './backup.ts'
import { type Inspection, inspectStore } from './inspect.ts'

export interface RestoreOptions {
  /** Reads everything, the audit chain too, and refuses what is not whole. Without: only what the program needs to run. */
  readonly verify: boolean
  /** For the audit of the restored store. */
  readonly actor: string
  readonly nowMs: number
  /** The copy was read: called before the swap. */
  readonly onInspected?: (found: Inspection) => void
}

export interface RestoreReport {
  /** Where the former store is now; undefined = there was none. */
  readonly aside: string | undefined
}

/** Rejects with StoreError; then the store is as it was. */
export async function restore(from: string, store: string, options: RestoreOptions): Promise<RestoreReport> {
  if (!existsSync(from)) throw new StoreError('unavailable', `there is no backup ${from}`)
  const path = storePath(store)
  if (storePath(from) === path) throw new StoreError('refused', `${from} is the store itself: name a backup`)
  const copy = `${path}.restoring`
  try {
    const lock = lockStore(path)
    try {
      await copyStore(from, copy)
      const found = inspectStore(copy, options.verify ? 'full' : 'quick')
      options.onInspected?.(found)
      if (found.audit?.fault !== undefined) {
        throw new StoreError(
          'refused',
          `the audit of ${from} is not whole, so it is not restored: ${found.audit.fault}`,
        )
      }
      const aside = existsSync(path) ? asideName(path, 'before-restore', options.nowMs) : undefined
      say(copy, { from, aside, ...options })
      syncFile(copy)
      swap(copy, path, aside)
      return { aside }
    } finally {
      removeParts(copy)
      lock.release()
    }
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError('unavailable', faultOf(error, path).text)
  }
}

/** The audit goes on from the backup's last row; that there is a gap behind it is said in the next. */
function say(
  copy: string,
  { from, aside, actor, nowMs }: Pick<RestoreOptions, 'actor' | 'nowMs'> & { from: string; aside: string | undefined },
): void {
  const db = new DatabaseSync(copy)
  try {
    migrate(db)
    const reason = `what was recorded after this backup is ${aside === undefined ? 'not there' : `in ${aside}`}`
    const entry = {
      actor,
      source: 'cli',
      action: 'store.restore',
      subject: 'store',
      reason,
      after: { from, aside },
    } as const
    addToChain(db, entry, nowMs)
  } finally {
    db.close()
  }
}

/** The name of the store leads to a whole store at every moment. */
function swap(copy: string, path: string, aside: string | undefined): void {
  if (aside !== undefined) {
    foldLog(path)
    const [, ...logs] = partsOf(path)
    const [, ...asideLogs] = partsOf(aside)
    for (const [index, log] of logs.entries()) if (existsSync(log)) renameSync(log, asideLogs[index]!)
    try {
      linkSync(path, aside)
    } catch {
      // A file system without hard links.
      renameSync(path, aside)
    }
  }
  renameSync(copy, path)
  syncFolder(path)
}

/** The last writer of a log puts it into the file when it closes; a vigia that was killed has not. */
function foldLog(path: string): void {
  try {
    refuseUnknown(path)
    const db = new DatabaseSync(path)
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    db.close()
  } catch {
    // Corrupt, or of another program: it is kept as it is, log and all.
  }
}
