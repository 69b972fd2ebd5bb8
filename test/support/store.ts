// Stores for tests: in a folder of their own that goes when the test ends, with bounds short enough to wait for.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AuditEntry, Change, Store, StoreHealth, StoreNotice, StoreOptions } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/main/store.ts'

export const QUICK = {
  queryWithinMs: 2_000,
  busyMs: 50,
  firstRetryMs: 5,
  longestRetryMs: 40,
} as const

export interface OpenedStore {
  readonly store: Store
  readonly healths: readonly StoreHealth[]
  readonly notices: readonly StoreNotice[]
}

export function storeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Closed when the test ends. */
export async function openTestStore(path: string, options: Partial<StoreOptions> = {}): Promise<OpenedStore> {
  const healths: StoreHealth[] = []
  const notices: StoreNotice[] = []
  const store = await openStore({
    path,
    onHealth: health => healths.push(health),
    onNotice: notice => notices.push(notice),
    ...options,
    tuning: { ...QUICK, ...options.tuning },
  })
  onTestFinished(async () => {
    await store.close()
  })
  return { store, healths, notices }
}

export function auditOf(subject: string, more: Partial<AuditEntry> = {}): AuditEntry {
  return { actor: 'ana', source: 'api', action: 'upstream.drain', subject, reason: 'kernel update', ...more }
}

/** An order and its audit row. */
export function holdOf(upstream: string, status = 'draining'): Change {
  return {
    audit: [auditOf(`erp/${upstream}`)],
    overrides: [{ op: 'put', pool: 'erp', upstream, kind: 'hold', value: { status } }],
  }
}

export function transitionOf(upstream: string, atMs = 1_000) {
  return { atMs, pool: 'erp', upstream, from: 'available', to: 'out', cause: 'HTTP 503' } as const
}
