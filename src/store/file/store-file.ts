// Opens the one file of the store, as it must be: private, its content checked, of this program's version. A corrupt file is set
// aside and begun anew, never repaired in place and never silently. Also notices that the file was taken away from under it.

import { existsSync, renameSync, rmSync, type Stats, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { addToChain } from '../audit/audit-chain.ts'
import { faultOf } from '../sqlite-fault.ts'
import { asideName, ensurePrivate, moveAside, partsOf, removeParts, syncFile, syncFolder } from './file-names.ts'
import { migrate, refuseUnknown } from './migrate.ts'
import { readCopy } from './orders-copy.ts'
import { putSalvaged, type Salvage, salvage, salvageOf } from './salvage.ts'

export interface OpenOptions {
  /** The copy of people's orders that lies beside it. */
  readonly copy: string
  readonly busyMs: number
  readonly nowMs: number
  /** Why the content is not to be trusted, whatever a check says; undefined = it is checked. */
  readonly distrust: string | undefined
  readonly notice: (level: 'error' | 'warn', text: string) => void
}

export class StoreFile {
  readonly path: string
  readonly db: DatabaseSync
  readonly #identity: readonly (Stats | undefined)[]

  constructor(path: string, db: DatabaseSync) {
    this.path = path
    this.db = db
    this.#identity = partsOf(path).map(identityOf)
  }

  /** `gone`: somebody has deleted it; `replaced`: another file has its name; `log-gone`: only its write-ahead log is missing. */
  presence(): 'there' | 'gone' | 'replaced' | 'log-gone' {
    const [main, log] = partsOf(this.path).map(identityOf)
    if (main === undefined) return 'gone'
    if (!same(main, this.#identity[0])) return 'replaced'
    return same(log, this.#identity[1]) ? 'there' : 'log-gone'
  }

  close(): void {
    if (this.db.isOpen) this.db.close()
  }
}

/** Throws StoreError `newer` or `foreign`, or what SQLite or the file system says. */
export function openStoreFile(path: string, options: OpenOptions): StoreFile {
  const wasThere = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
  ensurePrivate(path)
  const corruption = options.distrust ?? contentProblem(path)
  const copy = corruption === undefined && wasThere ? undefined : readCopy(options.copy)
  if (corruption === undefined) {
    const fresh = connect(path, options.busyMs)
    if (copy !== undefined) carryOver(fresh, salvageOf(copy), options)
    return fresh
  }
  // The copy is newer than anything that a broken file can prove.
  const saved = copy === undefined ? salvage(path) : salvageOf(copy)
  const aside = asideName(path, 'corrupt', options.nowMs)
  moveAside(path, aside)
  ensurePrivate(path)
  const file = connect(path, options.busyMs)
  recordNewBeginning(file.db, saved, { aside, corruption, nowMs: options.nowMs })
  options.notice(
    'error',
    `${corruption}: it was set aside as ${aside}, and a new one begun; ${saved.overrides.length} overrides, ${saved.windows.length} windows and ${saved.secrets.length} secrets could be carried over, the history could not (vigia restore brings back a backup)`,
  )
  return file
}

/** There was no file, or an empty one, but a copy of orders beside it: it was deleted, or its disk is another one. */
function carryOver(file: StoreFile, orders: Salvage, { copy, nowMs, notice }: OpenOptions): void {
  const { overrides, windows, secrets } = orders
  if (overrides.length + windows.length + secrets.length === 0) return
  const text = `${file.path} was not there: a new one was begun with the ${overrides.length} overrides, ${windows.length} facts of windows and ${secrets.length} secrets of ${copy}`
  file.db.exec('BEGIN IMMEDIATE')
  putSalvaged(file.db, orders)
  addToChain(file.db, startupEntry('store.begun-anew', text), nowMs)
  file.db.exec('COMMIT')
  notice('error', `${text}; its history could not be carried over (vigia restore brings back a backup)`)
}

/**
 * The file was deleted, but this connection still holds its content: writes it to where it was. The connection is closed after
 * it, and only after it, so that a failure loses nothing.
 */
export function writeBack(file: StoreFile, options: Pick<OpenOptions, 'busyMs' | 'nowMs' | 'notice'>): StoreFile {
  const copy = `${file.path}.rescue`
  rmSync(copy, { force: true })
  // A log that was left behind belongs to the deleted file: the new one must not find it.
  ensurePrivate(copy)
  file.db.prepare('VACUUM INTO ?').run(copy)
  syncFile(copy)
  file.close()
  removeParts(file.path)
  renameSync(copy, file.path)
  syncFolder(file.path)
  const text = `${file.path} was deleted while vigia ran, and was written back whole`
  const back = connect(file.path, options.busyMs)
  addToChain(back.db, startupEntry('store.written-back', text), options.nowMs)
  options.notice('error', text)
  return back
}

function connect(path: string, busyMs: number): StoreFile {
  const db = new DatabaseSync(path, { timeout: busyMs })
  try {
    // auto_vacuum counts only before the first page is written, which journal_mode does.
    db.exec(`
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = 4194304;
      PRAGMA recursive_triggers = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;
    `)
    migrate(db)
    for (const part of partsOf(path)) if (existsSync(part)) ensurePrivate(part)
    return new StoreFile(path, db)
  } catch (error) {
    db.close()
    throw error
  }
}

/** One line, or undefined where the content can be trusted. */
function contentProblem(path: string): string | undefined {
  try {
    refuseUnknown(path)
    const db = new DatabaseSync(path, { readOnly: true })
    try {
      const found = String(Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0])
      return found === 'ok' ? undefined : `${path} is corrupt (${found.replaceAll('\n', ' ')})`
    } finally {
      db.close()
    }
  } catch (error) {
    const fault = faultOf(error, path)
    if (fault.kind === 'corrupt') return fault.text
    throw error
  }
}

function recordNewBeginning(
  db: DatabaseSync,
  saved: Salvage,
  { aside, corruption, nowMs }: { aside: string; corruption: string; nowMs: number },
): void {
  db.exec('BEGIN IMMEDIATE')
  putSalvaged(db, saved)
  const entry = startupEntry('store.begun-anew', `${corruption}; what was recorded before is in ${aside}`)
  const { overrides, windows } = saved
  addToChain(db, { ...entry, after: { aside, overrides, windows } }, nowMs)
  db.exec('COMMIT')
}

function startupEntry(action: string, reason: string) {
  return { actor: 'vigia', source: 'automatic', action, subject: 'store', reason } as const
}

function identityOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

function same(a: Stats | undefined, b: Stats | undefined): boolean {
  return a?.ino === b?.ino && a?.dev === b?.dev
}
