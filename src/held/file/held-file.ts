// Opens held.db as it must be: private, of this program's version, durable with each commit. A corrupt file is set aside, and what can
// still be read of it is carried over. Also notices that the file was taken away from under it.

import { randomBytes } from 'node:crypto'
import { existsSync, renameSync, rmSync, type Stats, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import {
  asideName,
  ensurePrivate,
  moveAside,
  partsOf,
  removeParts,
  syncFile,
  syncFolder,
} from '../../store/file/file-names.ts'
import { ID_KEY_BYTES } from './ids.ts'
import { salvage } from './salvage.ts'
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts'

export interface OpenOptions {
  readonly nowMs: number
  /** Why the content is not to be trusted; undefined = it is. */
  readonly distrust: string | undefined
  readonly notice: (level: 'error' | 'warn', text: string) => void
}

const BUSY_MS = 1_500

export class HeldFile {
  readonly path: string
  readonly db: DatabaseSync
  readonly #identity: readonly (Stats | undefined)[]

  constructor(path: string, db: DatabaseSync) {
    this.path = path
    this.db = db
    this.#identity = identities(path)
  }

  /** `gone`: somebody has deleted it; `replaced`: another file has its name; `log-gone`: only its write-ahead log is missing. */
  presence(): 'there' | 'gone' | 'replaced' | 'log-gone' {
    const [main, log] = identities(this.path)
    if (main === undefined) return 'gone'
    if (!isSame(main, this.#identity[0])) return 'replaced'
    return isSame(log, this.#identity[1]) ? 'there' : 'log-gone'
  }

  close(): void {
    if (this.db.isOpen) this.db.close()
  }
}

/** Throws what SQLite or the file system says, or an Error with one line for people. */
export function openHeldFile(path: string, { nowMs, distrust, notice }: OpenOptions): HeldFile {
  ensurePrivate(path)
  if (distrust === undefined) return connect(path)
  const aside = asideName(path, 'corrupt', nowMs)
  moveAside(path, aside)
  ensurePrivate(path)
  const fresh = connect(path)
  const { carried, inDoubt } = salvage(fresh.db, aside)
  notice(
    'error',
    `${distrust}: it was set aside as ${aside}, and a new one begun; ${carried} held requests could be carried over, ${inDoubt} of them in doubt because nobody can say whether they were sent (vigia held list)`,
  )
  return fresh
}

/**
 * The file was deleted, but this connection still holds its content: writes it to where it was. The connection is closed after it, and only
 * after it, so that a failure loses nothing.
 */
export function writeBack(file: HeldFile, { notice }: Pick<OpenOptions, 'notice'>): void {
  const copy = `${file.path}.rescue`
  rmSync(copy, { force: true })
  ensurePrivate(copy)
  file.db.prepare('VACUUM INTO ?').run(copy)
  syncFile(copy)
  file.close()
  // A log that was left behind belongs to the deleted file: the new one must not find it.
  removeParts(file.path)
  renameSync(copy, file.path)
  syncFolder(file.path)
  notice('error', `${file.path} was deleted while vigia ran, and was written back whole`)
}

function connect(path: string): HeldFile {
  const db = new DatabaseSync(path, { timeout: BUSY_MS })
  try {
    refuseUnknown(db, path)
    // auto_vacuum counts only before the first page is written, which journal_mode does. What is deleted is overwritten.
    db.exec(`
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 4000;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA cache_size = -65536;
      PRAGMA secure_delete = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;
    `)
    if (number(db, 'user_version') === 0) begin(db)
    for (const part of partsOf(path)) if (existsSync(part)) ensurePrivate(part)
    return new HeldFile(path, db)
  } catch (error) {
    db.close()
    throw error
  }
}

function begin(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(SCHEMA)
    db.prepare("INSERT INTO meta VALUES (1, ?, 0, '', 0)").run(randomBytes(ID_KEY_BYTES))
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function refuseUnknown(db: DatabaseSync, path: string): void {
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n)
  if (tables > 0 && number(db, 'application_id') !== APPLICATION_ID)
    throw new Error(`${path} is a database of another program: name another file`)
  if (number(db, 'user_version') > SCHEMA_VERSION)
    throw new Error(`${path} was written by a newer vigia: use that one until it is empty`)
}

function number(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}

/** Of the file and its log. */
function identities(path: string): readonly (Stats | undefined)[] {
  return partsOf(path)
    .slice(0, 2)
    .map(part => statSync(part, { throwIfNoEntry: false }))
}

function isSame(a: Stats | undefined, b: Stats | undefined): boolean {
  return a?.ino === b?.ino && a?.dev === b?.dev
}
