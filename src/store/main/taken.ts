// What a caller hands over, as it is kept until it is written: with its time, and as a copy. What the caller changes later is not
// written, and what can't be sent to a thread is found here and not there.

import { canonicalJson } from '../audit/canonical-json.ts'
import type { AppendKind, AppendRows, AuditEntry, Change } from '../contract.ts'
import type { WriteItem } from '../thread/protocol.ts'

/** Throws where it can't be said in JSON. */
export function takenRow<K extends AppendKind>(kind: K, row: AppendRows[K], nowMs: number): WriteItem {
  const whole = kind === 'audit' ? stamped(row as AuditEntry, nowMs) : row
  return { type: 'append', kind, row: copy(whole) } as WriteItem
}

/** Throws where it can't be said in JSON. */
export function takenChange(change: Change, nowMs: number): Change {
  const { configuration } = change
  return copy({
    ...change,
    audit: change.audit.map(entry => stamped(entry, nowMs)),
    ...(configuration === undefined ? {} : { configuration: stamped(configuration, nowMs) }),
  }) as Change
}

function stamped<T extends { readonly atMs?: number }>(entry: T, nowMs: number): T {
  return { ...entry, atMs: entry.atMs ?? nowMs }
}

function copy(value: unknown): unknown {
  return JSON.parse(canonicalJson(value))
}
