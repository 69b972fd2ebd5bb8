// Held requests as people see them: pages, one whole, those whose senders want to be called.

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { HeldDetail, HeldPage, HeldQuery, HeldRow } from '../contract.ts'
import type { HeldIds } from './ids.ts'
import type { HeldRows } from './rows.ts'
import { STATE_NUMBER, STATES } from './schema.ts'

const MOST_ROWS = 1_000
const DEFAULT_ROWS = 100
/** Rows that one page looks at: the thread has other things to do. A page may be shorter for it, and still not the last. */
const MOST_SEEN = 20_000

export class HeldViews {
  readonly #db: DatabaseSync
  readonly #rows: HeldRows
  readonly #ids: HeldIds

  constructor(rows: HeldRows, ids: HeldIds) {
    this.#db = rows.db
    this.#rows = rows
    this.#ids = ids
  }

  list({ route, state, key, after = 0, limit = DEFAULT_ROWS }: HeldQuery): HeldPage {
    const most = Math.max(1, Math.min(limit, MOST_ROWS))
    const seen = this.#db.prepare(`SELECT * FROM held WHERE seq > ? ${indexed(state)} ORDER BY seq LIMIT ${MOST_SEEN}`)
    const rows: HeldRow[] = []
    let count = 0
    let last = after
    for (const row of seen.iterate(after)) {
      count += 1
      last = Number(row.seq)
      const isWanted =
        (route === undefined || row.route === route) &&
        (state === undefined || row.state === STATE_NUMBER[state]) &&
        (key === undefined || row.key_text === key)
      if (isWanted) rows.push(this.#row(row))
      if (rows.length === most) return { rows, next: last }
    }
    return { rows, next: count === MOST_SEEN ? last : undefined }
  }

  row(seq: number): HeldRow | undefined {
    const row = this.#db.prepare('SELECT * FROM held WHERE seq = ?').get(seq)
    return row === undefined ? undefined : this.#row(row)
  }

  show(id: string, withBody: boolean): HeldDetail | undefined {
    const seq = this.#ids.seqOf(id)
    const row = seq === undefined ? undefined : this.row(seq)
    if (seq === undefined || row === undefined) return undefined
    const request = this.#rows.request(seq)
    const result = this.#rows.result(seq)
    return {
      ...row,
      fields: request?.fields ?? [],
      body: withBody ? request?.body : undefined,
      result: result && { fields: result.fields, body: withBody ? result.body : undefined },
    }
  }

  /** Those that have ended and whose sender was not called yet, with where. @param after in the order of arrival */
  toCall(after: number, most: number): readonly { readonly row: HeldRow; readonly url: string }[] {
    return this.#db
      .prepare(
        'SELECT * FROM held WHERE call_url IS NOT NULL AND ended_ms IS NOT NULL AND seq > ? ORDER BY seq LIMIT ?',
      )
      .all(after, most)
      .map(row => ({ row: this.#row(row), url: String(row.call_url) }))
  }

  #row(row: Record<string, SQLInputValue>): HeldRow {
    const notBeforeMs = Number(row.not_before_ms)
    return {
      seq: Number(row.seq),
      id: this.#ids.of(Number(row.seq)),
      route: String(row.route),
      keyText: String(row.key_text),
      state: STATES[Number(row.state)]!,
      method: String(row.method),
      path: String(row.path),
      client: String(row.client),
      requestId: String(row.request_id),
      bodyBytes: Number(row.body_bytes),
      receivedMs: Number(row.received_ms),
      expiresMs: Number(row.expires_ms),
      attempts: Number(row.attempts),
      notBeforeMs: notBeforeMs === 0 ? undefined : notBeforeMs,
      status: row.status === null ? undefined : Number(row.status),
      upstream: row.upstream === null ? undefined : String(row.upstream),
      endedMs: row.ended_ms === null ? undefined : Number(row.ended_ms),
      note: String(row.note),
    }
  }
}

/** In the words of the index that has them. */
function indexed(state: HeldQuery['state']): string {
  if (state === 'dead') return `AND state = ${STATE_NUMBER.dead}`
  return state === 'waiting' || state === 'sending' || state === 'in-doubt' ? 'AND ended_ms IS NULL' : ''
}
