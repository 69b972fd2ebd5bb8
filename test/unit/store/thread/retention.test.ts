import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { migrate } from '../../../../src/store/file/migrate.ts'
import { applyAppend, applyChange } from '../../../../src/store/thread/apply.ts'
import { tidy } from '../../../../src/store/thread/retention.ts'
import { DEFAULT_RETENTION } from '../../../../src/store/tuning.ts'
import { auditOf, transitionOf } from '../../../support/store.ts'

const DAY_MS = 86_400_000

function store(): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  db.exec('PRAGMA auto_vacuum = INCREMENTAL')
  migrate(db)
  return db
}

const count = (db: DatabaseSync, table: string) => Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!.n)

test('transitions go when they are too old or too many, in turns', () => {
  const db = store()
  db.exec('BEGIN')
  for (let index = 0; index < 5_000; index += 1) {
    applyAppend(
      db,
      { type: 'append', kind: 'transition', row: transitionOf('erp-1', index < 100 ? 0 : 100 * DAY_MS) },
      0,
    )
  }
  db.exec('COMMIT')
  const retention = { ...DEFAULT_RETENTION, transitions: { days: 90, rows: 1_000 } }
  expect(tidy(db, 'none', retention, 100 * DAY_MS)).toBe(true)
  expect(count(db, 'transition')).toBe(3_000)
  expect(tidy(db, 'none', retention, 100 * DAY_MS)).toBe(true)
  expect(tidy(db, 'none', retention, 100 * DAY_MS)).toBe(false)
  expect(count(db, 'transition')).toBe(1_000)
  expect(tidy(db, 'none', retention, 500 * DAY_MS)).toBe(false)
  expect(count(db, 'transition')).toBe(1)
})

test('a clock that is years ahead deletes one day at a time, and none for its age where it was set just now', () => {
  const db = store()
  for (let index = 0; index < 40; index += 1) {
    const row = transitionOf('erp-1', (index * DAY_MS) / 4)
    applyAppend(db, { type: 'append', kind: 'transition', row }, 0)
  }
  expect(tidy(db, 'none', DEFAULT_RETENTION, undefined)).toBe(false)
  expect(count(db, 'transition')).toBe(40)
  expect(tidy(db, 'none', DEFAULT_RETENTION, 5_000 * DAY_MS)).toBe(false)
  expect(count(db, 'transition')).toBe(36)
  tidy(db, 'none', DEFAULT_RETENTION, 5_000 * DAY_MS)
  expect(count(db, 'transition')).toBe(32)
})

test('an old request in doubt stays until somebody has resolved it', () => {
  const db = store()
  const record = {
    requestId: 'r',
    atMs: 0,
    route: 'web',
    pool: 'erp',
    upstream: 'erp-1',
    method: 'POST',
    path: '/invoice',
    idempotencyKey: undefined,
    client: '10.0.0.9',
    bytesSent: 9,
    stage: 'sent',
    cause: 'reset',
  } as const
  for (let index = 0; index < 3; index += 1) applyAppend(db, { type: 'append', kind: 'in-doubt', row: record }, 0)
  applyChange(db, { audit: [auditOf('in-doubt/1')], resolve: [{ id: 1, by: 'ana', how: 'carried-out', note: '' }] }, 0)
  tidy(db, 'none', DEFAULT_RETENTION, 500 * DAY_MS)
  expect(
    db
      .prepare('SELECT id FROM in_doubt')
      .all()
      .map(row => row.id),
  ).toEqual([2, 3])
})

test('the room of deleted rows goes back to the disk', () => {
  const db = store()
  db.exec('BEGIN')
  for (let index = 0; index < 4_000; index += 1) {
    applyAppend(
      db,
      { type: 'append', kind: 'transition', row: { ...transitionOf('erp-1', 0), cause: 'x'.repeat(1_000) } },
      0,
    )
  }
  db.exec('COMMIT')
  const pages = () => Number(db.prepare('PRAGMA page_count').get()!.page_count)
  const before = pages()
  for (let turn = 0; turn < 5; turn += 1) tidy(db, 'none', DEFAULT_RETENTION, 100 * DAY_MS)
  expect(pages()).toBeLessThan(before * 0.7)
})
