// What a corrupt file must not take with it if it can still be read: the orders of people, and secrets. Histories are not worth the risk of
// carrying broken rows over.

import { DatabaseSync } from 'node:sqlite'
import type { StoredOrders } from './orders-copy.ts'

export interface Salvage {
  readonly overrides: readonly {
    readonly pool: string
    readonly upstream: string
    readonly kind: string
    readonly json: string
  }[]
  readonly windows: readonly ById[]
  readonly secrets: readonly ById[]
}

interface ById {
  readonly id: string
  readonly json: string
}

/** The orders of the copy beside the store. */
export function salvageOf({ overrides, windows, secrets }: StoredOrders): Salvage {
  return {
    overrides: overrides.map(({ pool, upstream = '', kind, value }) => ({
      pool,
      upstream,
      kind,
      json: JSON.stringify(value ?? null),
    })),
    windows: windows.map(byId),
    secrets: secrets.map(byId),
  }
}

function byId({ id, value }: { readonly id: string; readonly value: unknown }): ById {
  return { id, json: JSON.stringify(value ?? null) }
}

/** Never throws: what can't be read is left out. */
export function salvage(path: string): Salvage {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { readOnly: true })
    const readable = db
    return {
      overrides: readableRows(() =>
        readable.prepare('SELECT pool, upstream, kind, value_json FROM override').iterate(),
      ).map(row => ({
        pool: String(row.pool),
        upstream: String(row.upstream),
        kind: String(row.kind),
        json: String(row.value_json),
      })),
      windows: rowsById(readable, 'maintenance_window'),
      secrets: rowsById(readable, 'secret'),
    }
  } catch {
    return { overrides: [], windows: [], secrets: [] }
  } finally {
    db?.close()
  }
}

/** The table may not be there: an earlier version made the file. */
function rowsById(db: DatabaseSync, table: string): ById[] {
  const read = () => db.prepare(`SELECT id, value_json FROM ${table}`).iterate()
  return readableRows(read).map(row => ({ id: String(row.id), json: String(row.value_json) }))
}

export function putSalvaged(db: DatabaseSync, { overrides, windows, secrets }: Salvage): void {
  const override = db.prepare('INSERT OR IGNORE INTO override VALUES (?, ?, ?, ?)')
  for (const { pool, upstream, kind, json } of overrides) override.run(pool, upstream, kind, json)
  const window = db.prepare('INSERT OR IGNORE INTO maintenance_window VALUES (?, ?)')
  for (const { id, json } of windows) window.run(id, json)
  const secret = db.prepare('INSERT OR IGNORE INTO secret VALUES (?, ?)')
  for (const { id, json } of secrets) secret.run(id, json)
}

type Row = Record<string, unknown>

/** Those that come before the broken place, and say something. */
function readableRows(read: () => Iterable<Row>): Row[] {
  const rows: Row[] = []
  try {
    for (const row of read()) if (isJson(row.value_json)) rows.push(row)
  } catch {
    // The rest is broken.
  }
  return rows
}

function isJson(text: unknown): boolean {
  try {
    return typeof text === 'string' && JSON.parse(text) !== undefined
  } catch {
    return false
  }
}
