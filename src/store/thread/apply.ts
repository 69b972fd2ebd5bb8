// Turns what callers say into rows, within the caller's transaction.

import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { addToChain } from '../audit/audit-chain.ts'
import { canonicalJson, storable } from '../audit/canonical-json.ts'
import type {
  Change,
  Committed,
  ConfigurationEntry,
  InDoubtResolution,
  OverrideChange,
  WindowChange,
} from '../contract.ts'
import type { WriteItem } from './protocol.ts'

/** What is stored speaks against the change. */
export class Refused extends Error {}

export function applyAppend(db: DatabaseSync, item: WriteItem & { type: 'append' }, nowMs: number): undefined {
  switch (item.kind) {
    case 'audit':
      addToChain(db, item.row, nowMs)
      return
    case 'transition': {
      const { atMs, pool, upstream, from, to, cause, detail } = item.row
      db.prepare('INSERT INTO transition VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)').run(
        Math.trunc(atMs),
        ...[pool, upstream, from, to, cause].map(storable),
        canonicalJson(detail),
      )
      return
    }
    case 'incident': {
      const { key, atMs, endMs, pool, upstream, kind, cause, detail } = item.row
      db.prepare(
        `INSERT INTO incident VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET at_ms = excluded.at_ms, end_ms = excluded.end_ms, kind = excluded.kind,
           cause = excluded.cause, detail_json = excluded.detail_json`,
      ).run(
        storable(key),
        Math.trunc(atMs),
        endMs === undefined ? null : Math.trunc(endMs),
        storable(pool),
        upstream === undefined ? null : storable(upstream),
        storable(kind),
        storable(cause),
        canonicalJson(detail),
      )
      return
    }
    case 'in-doubt': {
      const { atMs, pool, upstream } = item.row
      db.prepare('INSERT INTO in_doubt (at_ms, pool, upstream, record_json) VALUES (?, ?, ?, ?)').run(
        Math.trunc(atMs),
        storable(pool),
        storable(upstream),
        canonicalJson(item.row),
      )
      return
    }
  }
}

/** Throws Refused. */
export function applyChange(db: DatabaseSync, change: Change, nowMs: number): Committed {
  for (const each of change.overrides ?? []) applyOverride(db, each)
  for (const each of change.windows ?? []) applyWindow(db, each)
  for (const { id, value } of change.secrets ?? [])
    db.prepare('INSERT OR REPLACE INTO secret VALUES (?, ?)').run(storable(id), canonicalJson(value))
  for (const each of change.resolve ?? []) resolve(db, each, nowMs)
  const { configuration } = change
  const configurationId = configuration === undefined ? undefined : addConfiguration(db, configuration, nowMs)
  return { audit: change.audit.map(entry => addToChain(db, entry, nowMs)), configurationId }
}

function applyOverride(db: DatabaseSync, change: OverrideChange): void {
  const key = [change.pool, change.upstream ?? '', change.kind].map(storable)
  switch (change.op) {
    case 'put':
      db.prepare('INSERT OR REPLACE INTO override VALUES (?, ?, ?, ?)').run(...key, canonicalJson(change.value))
      return
    case 'remove':
      db.prepare('DELETE FROM override WHERE pool = ? AND upstream = ? AND kind = ?').run(...key)
      return
  }
}

function applyWindow(db: DatabaseSync, change: WindowChange): void {
  switch (change.op) {
    case 'put':
      db.prepare('INSERT OR REPLACE INTO maintenance_window VALUES (?, ?)').run(
        storable(change.id),
        canonicalJson(change.value),
      )
      return
    case 'remove':
      db.prepare('DELETE FROM maintenance_window WHERE id = ?').run(storable(change.id))
      return
  }
}

function resolve(db: DatabaseSync, resolution: InDoubtResolution, nowMs: number): void {
  const { by, how, note } = resolution
  if ('requestId' in resolution) {
    db.prepare(
      `UPDATE in_doubt SET resolved_ms = ?, resolved_by = ?, resolved_how = ?, resolved_note = ?
       WHERE json_extract(record_json, '$.requestId') = ?`,
    ).run(nowMs, storable(by), storable(how), storable(note), storable(resolution.requestId))
    return
  }
  const { id } = resolution
  const found = db.prepare('SELECT resolved_by FROM in_doubt WHERE id = ?').get(id)
  if (found === undefined) throw new Refused(`there is no request in doubt with the number ${id}`)
  const former = found.resolved_by
  if (former !== null) throw new Refused(`the request in doubt ${id} has been resolved already, by ${former}`)
  db.prepare(
    'UPDATE in_doubt SET resolved_ms = ?, resolved_by = ?, resolved_how = ?, resolved_note = ? WHERE id = ?',
  ).run(nowMs, storable(by), storable(how), storable(note), id)
}

function addConfiguration(db: DatabaseSync, entry: ConfigurationEntry, nowMs: number): number {
  const text = storable(entry.text)
  const { lastInsertRowid } = db
    .prepare('INSERT INTO configuration VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)')
    .run(
      Math.trunc(entry.atMs ?? nowMs),
      storable(entry.actor),
      entry.source,
      entry.revision,
      storable(entry.summary),
      createHash('sha256').update(text).digest('hex'),
      text,
    )
  return Number(lastInsertRowid)
}
