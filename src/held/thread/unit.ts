// The open file with all that belongs to it: the lock, the keys, the statements, the transaction under way.

import { type FileLock, lockStore } from '../../store/file/file-lock.ts'
import { storePath } from '../../store/file/file-names.ts'
import { faultOf } from '../../store/sqlite-fault.ts'
import { type HeldFile, type OpenOptions, openHeldFile, writeBack } from '../file/held-file.ts'
import { HeldIds } from '../file/ids.ts'
import { readKeyring } from '../file/keyring.ts'
import { HeldRows } from '../file/rows.ts'
import { HeldViews } from '../file/views.ts'
import type { HeldIndex } from './held-index.ts'

export interface UnitOptions {
  readonly path: string
  readonly keyFiles: readonly string[]
  /** Tells this run's batches from those of earlier ones. */
  readonly writer: string
  readonly notice: OpenOptions['notice']
}

/** Zeros that are written and deleted again: whether the disk has room for more than a line. */
const PROBE_BYTES = 262_144
const PROBE_SEQ = -1
const RESEAL_ROWS = 100
/** Pages given back per turn, where there are more. */
const TURN_PAGES = 500

export class HeldUnit {
  readonly rows: HeldRows
  readonly ids: HeldIds
  readonly views: HeldViews
  /** Number of the last transaction of this run. */
  batch: number
  readonly #options: UnitOptions
  readonly #file: HeldFile
  readonly #lock: FileLock
  #isClosed = false

  /** Throws what SQLite or the file system says, or an Error with one line for people. */
  constructor(options: UnitOptions, open: Pick<OpenOptions, 'nowMs' | 'distrust'>) {
    const path = storePath(options.path)
    const keyring = readKeyring(options.keyFiles)
    this.#options = options
    this.#lock = lockStore(path)
    try {
      this.#file = openHeldFile(path, { ...open, notice: options.notice })
      this.rows = new HeldRows(this.#file.db, keyring)
      const unreadable = this.rows.unreadable()
      if (unreadable > 0)
        throw new Error(
          `${path} has ${unreadable} requests that were encrypted with a key which is not there: put it back (held.keyFiles)`,
        )
      const { idKey, writer, batch } = this.rows.meta()
      this.ids = new HeldIds(idKey)
      this.views = new HeldViews(this.rows, this.ids)
      this.batch = writer === options.writer ? batch : 0
    } catch (error) {
      this.close()
      throw error
    }
  }

  get isBegun(): boolean {
    return this.#file.db.isTransaction
  }

  /** Whether it is still the file of its name; throws where it was replaced. Where false, it is to be closed and opened again. */
  isUsable(): boolean {
    const presence = this.#file.presence()
    if (presence === 'there') return true
    if (presence === 'replaced')
      throw new Error(
        `${this.#file.path} was replaced while vigia runs: put the former file back, or restart vigia to use this one`,
      )
    if (presence === 'gone') writeBack(this.#file, this.#options)
    return false
  }

  begin(): void {
    if (!this.isBegun) this.#file.db.exec('BEGIN IMMEDIATE')
  }

  number(batch: number): void {
    this.rows.numbered(this.#options.writer, batch)
  }

  commit(): void {
    this.#file.db.exec('COMMIT')
    this.batch += 1
  }

  rollBack(): void {
    try {
      if (this.isBegun) this.#file.db.exec('ROLLBACK')
    } catch {
      // The file is beyond it: it is closed next, which does the same.
    }
  }

  /** What the last commit wrote is in the file itself, whatever an fsync of its log has said. */
  settle(): void {
    this.#file.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }

  /** Throws where the disk takes nothing. */
  probe(): void {
    this.#file.db.exec(
      `INSERT OR REPLACE INTO result VALUES (${PROBE_SEQ}, NULL, zeroblob(${PROBE_BYTES})); DELETE FROM result WHERE seq = ${PROBE_SEQ}`,
    )
  }

  /** In a transaction of its own. @param nowMs undefined = nothing is removed for its age @returns there is more to do */
  tidy(nowMs: number | undefined, mostRows: number, index: HeldIndex): boolean {
    this.begin()
    const removed = nowMs === undefined ? [] : this.rows.removeDue(nowMs, mostRows, index.lastSeq)
    const resealed = this.rows.reseal('content', RESEAL_ROWS) + this.rows.reseal('result', RESEAL_ROWS)
    this.#file.db.exec('COMMIT')
    index.removed(removed)
    const free = Number(Object.values(this.#file.db.prepare('PRAGMA freelist_count').get() ?? {})[0])
    if (free > TURN_PAGES) this.#file.db.exec(`PRAGMA incremental_vacuum(${TURN_PAGES})`)
    return removed.length === mostRows || resealed > 0
  }

  fault(error: unknown) {
    return faultOf(error, this.#options.path)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      this.#file?.close()
    } catch {
      // Closing is all that is wanted of it.
    }
    this.#lock.release()
  }
}
