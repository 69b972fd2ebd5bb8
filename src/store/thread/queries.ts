// Reads pages of rows, newest first; a cursor is the id of the last row that was shown. Never writes.

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type {
  AuditQuery,
  AuditRow,
  AuditSource,
  ConfigurationRow,
  IncidentQuery,
  IncidentRow,
  InDoubtQuery,
  InDoubtRow,
  Override,
  Page,
  PageQuery,
  PlaceQuery,
  StoredSecret,
  StoredWindow,
  TimeQuery,
  TransitionRow,
} from '../contract.ts'
import type { QueryName } from './protocol.ts'

const DEFAULT_LIMIT = 100
const MOST = 1_000

type Row = Record<string, SQLInputValue>
type Condition = readonly [sql: string, ...values: SQLInputValue[]]

/** The argument is what the method of that name of the Store takes. */
export function answer(db: DatabaseSync, query: QueryName, argument: unknown): unknown {
  switch (query) {
    case 'audit':
      return audit(db, argument as AuditQuery)
    case 'transitions':
      return transitions(db, argument as PlaceQuery)
    case 'incidents':
      return incidents(db, argument as IncidentQuery)
    case 'inDoubt':
      return inDoubt(db, argument as InDoubtQuery)
    case 'configurations':
      return configurations(db, argument as PageQuery)
    case 'configuration':
      return configuration(db, argument as number)
    case 'overrides':
      return overrides(db)
    case 'windows':
      return windows(db)
    case 'secrets':
      return secrets(db)
  }
}

function audit(db: DatabaseSync, query: AuditQuery): Page<AuditRow> {
  const { subject, actor, action } = query
  const where: Condition[] = [...within(query)]
  // `0` is the character after `/`: a range, so that the index serves it.
  if (subject !== undefined)
    where.push(['(subject = ? OR subject >= ? AND subject < ?)', subject, `${subject}/`, `${subject}0`])
  if (actor !== undefined) where.push(['actor = ?', actor])
  if (action !== undefined) where.push(['action = ?', action])
  return page(db, 'audit', 'seq', query, where, row => ({
    seq: Number(row.seq),
    atMs: Number(row.at_ms),
    actor: text(row.actor),
    source: text(row.source) as AuditSource,
    action: text(row.action),
    subject: text(row.subject),
    reason: text(row.reason),
    before: value(row.before_json),
    after: value(row.after_json),
    hash: text(row.hash),
  }))
}

function transitions(db: DatabaseSync, query: PlaceQuery): Page<TransitionRow> {
  return page(db, 'transition', 'id', query, at(query), row => ({
    id: Number(row.id),
    atMs: Number(row.at_ms),
    pool: text(row.pool),
    upstream: text(row.upstream),
    from: text(row.from_state),
    to: text(row.to_state),
    cause: text(row.cause),
    detail: value(row.detail_json),
  }))
}

function incidents(db: DatabaseSync, query: IncidentQuery): Page<IncidentRow> {
  const where = [...at(query)]
  if (query.open !== undefined) where.push([query.open ? 'end_ms IS NULL' : 'end_ms IS NOT NULL'])
  return page(db, 'incident', 'id', query, where, row => ({
    id: Number(row.id),
    key: text(row.key),
    atMs: Number(row.at_ms),
    endMs: row.end_ms === null ? undefined : Number(row.end_ms),
    pool: text(row.pool),
    upstream: row.upstream === null ? undefined : text(row.upstream),
    kind: text(row.kind),
    cause: text(row.cause),
    detail: value(row.detail_json),
  }))
}

function inDoubt(db: DatabaseSync, query: InDoubtQuery): Page<InDoubtRow> {
  const where = [...at(query)]
  if (query.open !== undefined) where.push([query.open ? 'resolved_ms IS NULL' : 'resolved_ms IS NOT NULL'])
  return page(db, 'in_doubt', 'id', query, where, row => ({
    // JSON leaves out what is undefined.
    idempotencyKey: undefined,
    ...(value(row.record_json) as Omit<InDoubtRow, 'id' | 'resolved' | 'idempotencyKey'>),
    id: Number(row.id),
    resolved:
      row.resolved_ms === null
        ? undefined
        : {
            atMs: Number(row.resolved_ms),
            by: text(row.resolved_by),
            how: text(row.resolved_how),
            note: text(row.resolved_note),
          },
  }))
}

function configurations(db: DatabaseSync, query: PageQuery): Page<ConfigurationRow> {
  return page(db, 'configuration', 'id', query, [], configurationRow)
}

function configuration(db: DatabaseSync, id: number): (ConfigurationRow & { text: string }) | undefined {
  const row = db.prepare('SELECT * FROM configuration WHERE id = ?').get(id) as Row | undefined
  return row === undefined ? undefined : { ...configurationRow(row), text: text(row.text) }
}

function configurationRow(row: Row): ConfigurationRow {
  return {
    id: Number(row.id),
    atMs: Number(row.at_ms),
    actor: text(row.actor),
    source: text(row.source) as AuditSource,
    revision: Number(row.revision),
    summary: text(row.summary),
    hash: text(row.hash),
  }
}

function overrides(db: DatabaseSync): readonly Override[] {
  return db
    .prepare('SELECT * FROM override ORDER BY pool, upstream, kind')
    .all()
    .map(row => ({
      pool: text(row.pool),
      upstream: row.upstream === '' ? undefined : text(row.upstream),
      kind: text(row.kind),
      value: value(row.value_json),
    }))
}

function windows(db: DatabaseSync): readonly StoredWindow[] {
  return db
    .prepare('SELECT * FROM maintenance_window ORDER BY id')
    .all()
    .map(row => ({ id: text(row.id), value: value(row.value_json) }))
}

function secrets(db: DatabaseSync): readonly StoredSecret[] {
  return db
    .prepare('SELECT * FROM secret ORDER BY id')
    .all()
    .map(row => ({ id: text(row.id), value: value(row.value_json) }))
}

function page<T>(
  db: DatabaseSync,
  table: string,
  key: string,
  { limit = DEFAULT_LIMIT, cursor }: PageQuery,
  conditions: readonly Condition[],
  read: (row: Row) => T,
): Page<T> {
  const all: readonly Condition[] = cursor === undefined ? conditions : [...conditions, [`${key} < ?`, cursor]]
  const where = all.length === 0 ? '' : `WHERE ${all.map(([sql]) => sql).join(' AND ')}`
  const count = Math.max(1, Math.min(MOST, Math.trunc(limit) || DEFAULT_LIMIT))
  // One more than asked for tells whether there is a next page.
  const found = db
    .prepare(`SELECT * FROM ${table} ${where} ORDER BY ${key} DESC LIMIT ${count + 1}`)
    .all(...all.flatMap(([, ...values]) => values)) as Row[]
  const shown = found.slice(0, count)
  return { rows: shown.map(read), next: found.length > count ? Number(shown.at(-1)![key]) : undefined }
}

function at(query: PlaceQuery): Condition[] {
  const { pool, upstream } = query
  const where = within(query)
  if (pool !== undefined) where.push(['pool = ?', pool])
  if (upstream !== undefined) where.push(['upstream = ?', upstream])
  return where
}

function within({ fromMs, toMs }: TimeQuery): Condition[] {
  const where: Condition[] = []
  if (fromMs !== undefined) where.push(['at_ms >= ?', fromMs])
  if (toMs !== undefined) where.push(['at_ms < ?', toMs])
  return where
}

function text(stored: SQLInputValue | undefined): string {
  return String(stored)
}

function value(stored: SQLInputValue | undefined): unknown {
  return JSON.parse(String(stored))
}
