// What is written to held.db and read from it, one statement each. Transactions are its caller's.

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { HoldRequest } from '../../shared/held/messages.ts'
import type { Keyring, SealedKind } from './keyring.ts'
import { LIVE, type LiveRow, type LiveValues, liveRow } from './live-row.ts'
import { type KeptAnswer, packAnswer, unpackAnswer, unpackRequest } from './packed.ts'
import { STATE_NUMBER } from './schema.ts'

export interface Ended {
  readonly state: 'answered' | 'dead' | 'dropped'
  readonly atMs: number
  /** When it is removed; null = when a person says so. */
  readonly removeMs: number | null
  readonly upstream: string | null
  readonly status: number | null
  readonly note: string
}

/** Of a path: pages of hundreds of them are shown. */
const PATH_CHARS = 1_000
/** In place of a key's id: no key opens it. */
const CHANGED = 'changed'

export class HeldRows {
  readonly db: DatabaseSync
  readonly #keyring: Keyring
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync, keyring: Keyring) {
    this.db = db
    this.#keyring = keyring
  }

  /** @param packed the request, as `packRequest` has it */
  insert(
    seq: number,
    { request, identity, reason, receivedMs, callback }: HoldRequest,
    packed: Uint8Array,
    expiresMs: number,
  ): void {
    const { method, target, client, requestId, body } = request
    const path = target.split('?', 1)[0]!.slice(0, PATH_CHARS)
    const { key, keyText, dedupe = null, fingerprint, repeatable } = identity
    this.#run(
      `INSERT INTO held (seq, state, route, key, key_text, dedupe, fingerprint, repeatable, reason, received_ms, expires_ms, bytes,
         body_bytes, method, path, client, request_id, call_url) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seq,
      request.route,
      key,
      keyText,
      dedupe,
      fingerprint,
      repeatable ? 1 : 0,
      reason,
      receivedMs,
      expiresMs,
      packed.length,
      body.length,
      method,
      path,
      client,
      requestId,
      callback ?? null,
    )
    this.#put('content', seq, packed)
  }

  sending(seq: number): void {
    this.#run(`UPDATE held SET state = ${STATE_NUMBER.sending}, attempts = attempts + 1 WHERE seq = ?`, seq)
  }

  waiting(seq: number, attempts: number, notBeforeMs: number, expiresMs: number, note: string): void {
    this.#run(
      `UPDATE held SET state = ${STATE_NUMBER.waiting}, attempts = ?, not_before_ms = ?, expires_ms = ?, note = ?,
         ended_ms = NULL, remove_ms = NULL, status = NULL WHERE seq = ?`,
      attempts,
      notBeforeMs,
      expiresMs,
      note,
      seq,
    )
  }

  inDoubt(seq: number, note: string, upstream: string | null): void {
    this.#run(
      `UPDATE held SET state = ${STATE_NUMBER['in-doubt']}, note = ?, upstream = ? WHERE seq = ?`,
      note,
      upstream,
      seq,
    )
  }

  ended(seq: number, { state, atMs, removeMs, upstream, status, note }: Ended): void {
    this.#run(
      'UPDATE held SET state = ?, ended_ms = ?, remove_ms = ?, upstream = ?, status = ?, note = ? WHERE seq = ?',
      STATE_NUMBER[state],
      atMs,
      removeMs,
      upstream,
      status,
      note,
      seq,
    )
  }

  answer(seq: number, answer: KeptAnswer): void {
    this.#put('result', seq, packAnswer(answer))
  }

  called(seq: number): void {
    this.#run('UPDATE held SET call_url = NULL WHERE seq = ?', seq)
  }

  /** Waiting, sending, in doubt; in the order of arrival. */
  *live(): Iterable<LiveRow> {
    for (const values of this.#lives('ended_ms IS NULL ORDER BY seq').iterate())
      yield liveRow(values as unknown as LiveValues)
  }

  row(seq: number): LiveRow | undefined {
    return rowOf(this.#lives('seq = ?').get(seq))
  }

  /** The last one that has ended. */
  endedTwin(route: string, dedupe: string): LiveRow | undefined {
    const last = this.#lives('dedupe = ? AND route = ? AND ended_ms IS NOT NULL ORDER BY seq DESC LIMIT 1')
    return rowOf(last.get(dedupe, route))
  }

  /** By route. */
  dead(): readonly { readonly route: string; readonly count: number; readonly bytes: number }[] {
    return this.db
      .prepare(
        `SELECT route, count(*) AS count, sum(bytes) AS bytes FROM held WHERE state = ${STATE_NUMBER.dead} GROUP BY route`,
      )
      .all()
      .map(row => ({ route: String(row.route), count: Number(row.count), bytes: Number(row.bytes) }))
  }

  /** Undefined = it can't be read: its key is not there, or it was changed. */
  request(seq: number): ReturnType<typeof unpackRequest> | undefined {
    const bytes = this.#take('content', seq)
    return bytes === undefined ? undefined : unpackRequest(bytes)
  }

  result(seq: number): KeptAnswer | undefined {
    const bytes = this.#take('result', seq)
    return bytes === undefined ? undefined : unpackAnswer(bytes)
  }

  /** How many held requests have been encrypted with a key that is not there. */
  unreadable(): number {
    let count = 0
    for (const keyId of this.#keyIds('content')) {
      if (keyId === CHANGED || this.#keyring.has(keyId)) continue
      const sql = 'SELECT count(*) AS count FROM content JOIN held USING (seq) WHERE key_id = ? AND ended_ms IS NULL'
      count += Number(this.#get(sql, keyId)?.count)
    }
    return count
  }

  /** Encrypts anew what the first key has not encrypted. @returns how many; 0 = there are none (any more) whose key is there */
  reseal(kind: SealedKind, most: number): number {
    const { currentId } = this.#keyring
    if (currentId === null) return 0
    const keyId = [null, ...this.#keyIds(kind)].find(
      each => each !== currentId && this.#keyring.has(each) && this.#has(kind, each),
    )
    if (keyId === undefined) return 0
    const rows = this.db.prepare(`SELECT seq, bytes FROM ${kind} WHERE key_id IS ? LIMIT ?`).all(keyId, most)
    for (const { seq, bytes } of rows) {
      const plain = this.#keyring.open(kind, Number(seq), { keyId, bytes: bytes as Uint8Array })
      // What was changed stays as it is, but is no longer asked for.
      if (plain === undefined) this.#run(`UPDATE ${kind} SET key_id = ? WHERE seq = ?`, CHANGED, seq as number)
      else this.#put(kind, Number(seq), plain)
    }
    return rows.length
  }

  /** What `dedupe` compares, of each that is kept. */
  *dedupes(): Iterable<string> {
    for (const values of this.#lists('SELECT dedupe FROM held WHERE dedupe IS NOT NULL').iterate())
      yield (values as unknown as readonly [string])[0]
  }

  /** @returns what `dedupe` has compared of each that was removed; undefined = it had none */
  removeDue(nowMs: number, most: number, lastSeq: number): readonly (string | undefined)[] {
    const due = this.db
      .prepare('SELECT seq, dedupe FROM held WHERE remove_ms <= ? ORDER BY remove_ms LIMIT ?')
      .all(nowMs, most)
    if (due.length === 0) return []
    // A place is never given again: an id would else be another request's.
    this.#run('UPDATE meta SET last_seq = ?', lastSeq)
    for (const { seq } of due) {
      for (const table of ['content', 'result', 'held']) this.#run(`DELETE FROM ${table} WHERE seq = ?`, seq as number)
    }
    return due.map(({ dedupe }) => (dedupe as string | null) ?? undefined)
  }

  meta(): { readonly idKey: Uint8Array; readonly lastSeq: number; readonly writer: string; readonly batch: number } {
    const row = this.db
      .prepare('SELECT id_key, max(last_seq, (SELECT ifnull(max(seq), 0) FROM held)) AS last, writer, batch FROM meta')
      .get()!
    return {
      idKey: row.id_key as Uint8Array,
      lastSeq: Number(row.last),
      writer: String(row.writer),
      batch: Number(row.batch),
    }
  }

  numbered(writer: string, batch: number): void {
    this.#run('UPDATE meta SET writer = ?, batch = ?', writer, batch)
  }

  #has(kind: SealedKind, keyId: string | null): boolean {
    return this.#get(`SELECT 1 FROM ${kind} WHERE key_id IS ? LIMIT 1`, keyId) !== undefined
  }

  /** Those in use. One look-up each, however many rows there are. */
  *#keyIds(kind: SealedKind): Iterable<string> {
    for (let last = ''; ; ) {
      const keyId = this.#get(`SELECT min(key_id) AS id FROM ${kind} WHERE key_id > ?`, last)?.id
      if (typeof keyId !== 'string') return
      yield keyId
      last = keyId
    }
  }

  #put(table: SealedKind, seq: number, bytes: Uint8Array): void {
    const sealed = this.#keyring.seal(table, seq, bytes)
    this.#run(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?)`, seq, sealed.keyId, sealed.bytes)
  }

  #take(table: SealedKind, seq: number): Uint8Array | undefined {
    const row = this.#get(`SELECT key_id, bytes FROM ${table} WHERE seq = ?`, seq)
    if (row === undefined) return undefined
    return this.#keyring.open(table, seq, { keyId: row.key_id as string | null, bytes: row.bytes as Uint8Array })
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values)
  }

  #get(sql: string, ...values: SQLInputValue[]) {
    return this.#statement(sql).get(...values)
  }

  /** Lists of values: of 100,000 rows, objects with names take twice as long. */
  #lists(sql: string): StatementSync {
    const statement = this.#statement(sql)
    statement.setReturnArrays(true)
    return statement
  }

  #lives(where: string): StatementSync {
    return this.#lists(`SELECT ${LIVE} FROM held WHERE ${where}`)
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

function rowOf(values: unknown): LiveRow | undefined {
  return values === undefined ? undefined : liveRow(values as LiveValues)
}
