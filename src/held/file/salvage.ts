// What can still be read of a corrupt file, row by row. It may be an older state than the last one: what waits there may have been sent since,
// so that a person has to look, where it may not come twice.

import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { STATE_NUMBER } from './schema.ts'

type Row = Record<string, SQLOutputValue>

const { waiting, sending, 'in-doubt': inDoubtState } = STATE_NUMBER

/** Never throws for what the old file is: what can't be read is left out. */
export function salvage(fresh: DatabaseSync, aside: string): { readonly carried: number; readonly inDoubt: number } {
  let carried = 0
  let inDoubt = 0
  let old: DatabaseSync | undefined
  try {
    old = new DatabaseSync(aside, { readOnly: true })
    const meta = attempt(() => old!.prepare('SELECT * FROM meta').get())
    fresh.exec('BEGIN IMMEDIATE')
    if (meta !== undefined)
      fresh.prepare('UPDATE meta SET id_key = ?, last_seq = ?').run(meta.id_key as Uint8Array, meta.last_seq as number)
    for (const row of rowsOf(old, 'held')) {
      const content = one(old, 'content', row.seq)
      if (content === undefined) continue
      const lies = row.state === waiting || row.state === sending
      if (lies && row.repeatable !== 1) {
        row.state = inDoubtState
        row.note = 'nobody knows whether it was carried out: its file was corrupt'
        inDoubt += 1
      }
      put(fresh, 'held', row)
      put(fresh, 'content', content)
      const result = one(old, 'result', row.seq)
      if (result !== undefined) put(fresh, 'result', result)
      carried += 1
    }
    fresh.exec('COMMIT')
  } catch (error) {
    if (!fresh.isTransaction) return { carried: 0, inDoubt: 0 }
    fresh.exec('ROLLBACK')
    // A full disk is no property of the old file.
    if (old === undefined) return { carried: 0, inDoubt: 0 }
    throw error
  } finally {
    old?.close()
  }
  return { carried, inDoubt }
}

/** From both ends: what is broken ends a reading. */
function rowsOf(db: DatabaseSync, table: string): Iterable<Row> {
  const found = new Map<unknown, Row>()
  for (const order of ['ASC', 'DESC']) {
    attempt(() => {
      for (const row of db.prepare(`SELECT * FROM ${table} ORDER BY seq ${order}`).iterate()) {
        if (found.has(row.seq)) return
        found.set(row.seq, row)
      }
    })
  }
  return [...found.values()].sort((a, b) => Number(a.seq) - Number(b.seq))
}

function one(db: DatabaseSync, table: string, seq: SQLOutputValue | undefined): Row | undefined {
  return attempt(() => db.prepare(`SELECT * FROM ${table} WHERE seq = ?`).get(seq as number))
}

function put(db: DatabaseSync, table: string, row: Row): void {
  const names = Object.keys(row)
  db.prepare(`INSERT OR IGNORE INTO ${table} (${names}) VALUES (${names.map(() => '?')})`).run(...Object.values(row))
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
