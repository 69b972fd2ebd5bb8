// Writes a batch as one transaction: one fsync for many rows. A row that can't be stored is left out and said so; a change is
// whole or not at all. A batch that is sent twice is written once: the file knows the last one.

import type { DatabaseSync } from 'node:sqlite'
import { type Fault, faultOf } from '../sqlite-fault.ts'
import { applyAppend, applyChange, Refused } from './apply.ts'
import { GATE, type ItemResult, type WriteFailure, type WriteItem } from './protocol.ts'

export interface Batch {
  readonly writer: string
  readonly number: number
  readonly nowMs: number
  readonly items: readonly WriteItem[]
}

export class BatchFailed extends Error {
  readonly failure: WriteFailure

  constructor(failure: WriteFailure) {
    super(failure.text)
    this.failure = failure
  }
}

/** Throws BatchFailed; where that is certain, the file is as before. */
export function writeBatch(db: DatabaseSync, path: string, batch: Batch, gate: Int32Array): readonly ItemResult[] {
  let committing = false
  try {
    db.exec('BEGIN IMMEDIATE')
    const done = alreadyWritten(db, batch)
    if (done !== undefined) {
      db.exec('ROLLBACK')
      return done
    }
    const results = batch.items.map(item => writeItem(db, path, item, batch.nowMs))
    db.prepare(
      `INSERT INTO writer VALUES (1, ?, ?, ?)
       ON CONFLICT (one) DO UPDATE SET name = excluded.name, batch = excluded.batch, results = excluded.results`,
    ).run(batch.writer, batch.number, JSON.stringify(results))
    if (Atomics.compareExchange(gate, 0, GATE.idle, GATE.committing) !== GATE.idle) {
      throw new BatchFailed({ kind: 'forbidden', certain: true, text: `${path} is too slow: look at its disk` })
    }
    committing = true
    db.exec('COMMIT')
    return results
  } catch (error) {
    rollBack(db)
    if (error instanceof BatchFailed) throw error
    const { kind, text } = faultOf(error, path)
    // Without room the frame that ends the transaction was not written. Any other failure may have come after it.
    throw new BatchFailed({ kind, text, certain: !committing || kind === 'full' })
  }
}

/** Its results, where the file has it. */
export function alreadyWritten(
  db: DatabaseSync,
  { writer, number }: Pick<Batch, 'writer' | 'number'>,
): readonly ItemResult[] | undefined {
  const row = db.prepare('SELECT results FROM writer WHERE name = ? AND batch = ?').get(writer, number)
  return row === undefined ? undefined : (JSON.parse(String(row.results)) as ItemResult[])
}

function writeItem(db: DatabaseSync, path: string, item: WriteItem, nowMs: number): ItemResult {
  db.exec('SAVEPOINT item')
  try {
    const committed = item.type === 'commit' ? applyChange(db, item.change, nowMs) : applyAppend(db, item, nowMs)
    db.exec('RELEASE item')
    return committed === undefined ? { ok: true } : { ok: true, committed }
  } catch (error) {
    const fault: Fault = error instanceof Refused ? { kind: 'row', text: error.message } : faultOf(error, path)
    // Some faults have ended the whole transaction already: those are the disk's.
    if (fault.kind !== 'row' || !db.isTransaction) throw error
    db.exec('ROLLBACK TO item; RELEASE item')
    return { ok: false, refused: error instanceof Refused, text: fault.text }
  }
}

function rollBack(db: DatabaseSync): void {
  try {
    if (db.isTransaction) db.exec('ROLLBACK')
  } catch {
    // The file is beyond it: it is closed next, which does the same.
  }
}
