import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { inspectStore } from '../../../src/store/backup/inspect.ts'
import type { Change, Store } from '../../../src/store/contract.ts'
import { auditOf, holdOf, openTestStore, storeFolder, transitionOf } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const RECORD = {
  requestId: 'r-1',
  atMs: 1_000,
  route: 'web',
  pool: 'erp',
  upstream: 'erp-1',
  method: 'POST',
  path: '/invoice',
  idempotencyKey: undefined,
  client: '10.0.0.9',
  bytesSent: 900,
  stage: 'sent',
  cause: 'reset',
} as const

/** Where a change is refused soon, one that must succeed on a busy machine may need another try. */
const changed = (store: Store, change: Change) =>
  until('it is changed', () =>
    store.commit(change).then(
      () => true,
      () => false,
    ),
  )

const newPath = () => join(storeFolder(), 'vigia.db')

describe('a store', () => {
  test('deletes for age a day at a time, and nothing after the clock was set', async () => {
    const tuning = { tidyEveryMs: 5, agesEveryMs: 5 }
    const { store } = await openTestStore(newPath(), { tuning, now: () => Date.UTC(2038, 0) })
    // The newest stays.
    for (let day = 0; day < 6; day += 1) store.append('transition', transitionOf('erp-1', day * 86_400_000))
    const left = async () => (await store.transitions({ limit: 10 })).rows.length
    await until('one is left', async () => (await left()) === 1)
    store.keepAll(3_600_000)
    store.append('transition', transitionOf('erp-1', 0))
    store.append('transition', transitionOf('erp-1', 0))
    await until('the new ones are there', async () => (await left()) === 3)
    // Rounds in which they could go: each ends before the next answer.
    for (let round = 0; round < 20; round += 1) expect(await left()).toBe(3)
  })

  test('has what was committed and appended when it is opened again', async () => {
    const path = newPath()
    const first = await openTestStore(path)
    const { audit, configurationId } = await first.store.commit({
      ...holdOf('erp-1'),
      windows: [{ op: 'put', id: 'patching', value: { start: '2026-12-06T02:00' } }],
      configuration: { actor: 'ana', source: 'api', revision: 3, text: 'workers: auto\n', summary: 'first' },
    })
    first.store.append('transition', transitionOf('erp-1'))
    first.store.append('incident', {
      key: 'i-1',
      atMs: 1,
      endMs: undefined,
      pool: 'erp',
      upstream: undefined,
      kind: 'down',
      cause: 'all out',
    })
    first.store.append('incident', {
      key: 'i-1',
      atMs: 1,
      endMs: 9,
      pool: 'erp',
      upstream: undefined,
      kind: 'down',
      cause: 'all out',
    })
    first.store.append('in-doubt', RECORD)
    expect(await first.store.close()).toEqual({ unwritten: 0 })

    const { store } = await openTestStore(path)
    expect(await store.overrides()).toEqual([
      { pool: 'erp', upstream: 'erp-1', kind: 'hold', value: { status: 'draining' } },
    ])
    expect(await store.windows()).toEqual([{ id: 'patching', value: { start: '2026-12-06T02:00' } }])
    expect((await store.audit()).rows).toMatchObject([
      { seq: 1, hash: audit[0]!.hash, subject: 'erp/erp-1', actor: 'ana' },
    ])
    expect((await store.transitions()).rows).toMatchObject([transitionOf('erp-1')])
    expect((await store.incidents()).rows).toMatchObject([{ key: 'i-1', endMs: 9, upstream: undefined }])
    expect((await store.inDoubt({ open: true })).rows).toEqual([{ ...RECORD, id: 1, resolved: undefined }])
    expect((await store.configurations()).rows).toMatchObject([{ id: configurationId, revision: 3, summary: 'first' }])
    expect(await store.configuration(configurationId!)).toMatchObject({ text: 'workers: auto\n' })
    expect(await store.configuration(99)).toBeUndefined()
  })

  test('resolves a request in doubt once, and changes nothing where a change is refused', async () => {
    const { store } = await openTestStore(newPath())
    store.append('in-doubt', RECORD)
    const resolve = [{ id: 1, by: 'ana', how: 'carried-out', note: 'invoice 17 is there' }]
    await store.commit({ audit: [auditOf('in-doubt/1')], resolve })
    expect((await store.inDoubt({ open: false })).rows).toMatchObject([{ resolved: { by: 'ana', how: 'carried-out' } }])
    await expect(store.commit({ ...holdOf('erp-1'), resolve })).rejects.toMatchObject({
      code: 'refused',
      message: 'the request in doubt 1 has been resolved already, by ana',
    })
    await expect(store.commit({ ...holdOf('erp-1'), resolve: [{ ...resolve[0]!, id: 7 }] })).rejects.toMatchObject({
      code: 'refused',
    })
    expect(await store.overrides()).toEqual([])
    expect((await store.audit()).rows).toHaveLength(1)
  })

  test('shows the audit in pages, by subject, actor and time', async () => {
    const { store } = await openTestStore(newPath())
    for (let index = 1; index <= 5; index += 1) {
      const [actor, subject] = index % 2 === 0 ? ['ana', 'erp'] : ['ben', `erp/erp-${index}`]
      store.append('audit', auditOf(subject!, { actor: actor!, atMs: index * 100 }))
    }
    store.append('audit', auditOf('erp2'))
    const first = await store.audit({ subject: 'erp', limit: 2 })
    expect(first.rows.map(({ seq }) => seq)).toEqual([5, 4])
    const second = await store.audit({ subject: 'erp', limit: 9, cursor: first.next! })
    expect(second).toMatchObject({ rows: [{ seq: 3 }, { seq: 2 }, { seq: 1 }], next: undefined })
    expect((await store.audit({ actor: 'ana', fromMs: 200, toMs: 400 })).rows.map(({ seq }) => seq)).toEqual([2])
    expect((await store.audit({ subject: 'erp/erp-3' })).rows.map(({ seq }) => seq)).toEqual([3])
  })

  test('can be read by its owner only, with all that belongs to it', async () => {
    const path = newPath()
    writeFileSync(path, '', { mode: 0o644 })
    const { store } = await openTestStore(path)
    await store.commit(holdOf('erp-1'))
    await until('the orders are copied', () => readFileSync(`${path}.orders`, 'utf8').includes('erp-1'))
    const names = readdirSync(join(path, '..'))
    expect(names.sort()).toEqual(['vigia.db', 'vigia.db-shm', 'vigia.db-wal', 'vigia.db.lock', 'vigia.db.orders'])
    for (const name of names) expect(statSync(join(path, '..', name)).mode & 0o777, name).toBe(0o600)
  })

  test('is refused to a second vigia, which is told who has it', async () => {
    const path = newPath()
    const { store } = await openTestStore(path)
    await store.commit(holdOf('erp-1'))
    await expect(openTestStore(path)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining(`in use by another vigia (process ${process.pid})`),
    })
    await store.close()
    await openTestStore(path)
  })

  test.each([
    ['newer', 'PRAGMA user_version = 99', 'written by a newer vigia'],
    ['foreign', 'PRAGMA application_id = 7', 'a database of another program'],
  ])('of a %s file is refused and not touched', async (code, change, words) => {
    const path = newPath()
    const { store } = await openTestStore(path)
    await store.close()
    const db = new DatabaseSync(path)
    db.exec(change)
    db.close()
    const before = readFileSync(path)
    await expect(openTestStore(path)).rejects.toMatchObject({ code, message: expect.stringContaining(words) })
    expect(readFileSync(path).equals(before)).toBe(true)
  })
})

describe('a store whose disk fails', () => {
  test('starts degraded where its folder is missing, and writes all that waited once the folder is there', async () => {
    const folder = join(storeFolder(), 'missing')
    const { store, healths } = await openTestStore(join(folder, 'vigia.db'), { tuning: { commitWithinMs: 200 } })
    expect(store.health()).toMatchObject({ status: 'degraded', reason: expect.stringContaining('look at its folder') })
    store.append('transition', transitionOf('erp-1'))
    await expect(store.commit(holdOf('erp-1'))).rejects.toMatchObject({
      code: 'not-written',
      message: expect.stringContaining('nothing was changed'),
    })
    await expect(store.overrides()).rejects.toMatchObject({ code: 'unavailable' })
    mkdirSync(folder)
    await until('it is ok', () => store.health().status === 'ok')
    expect(healths.at(-1)).toEqual({ status: 'ok', waiting: 0, dropped: 0 })
    expect((await store.transitions()).rows).toHaveLength(1)
    expect(await store.overrides()).toEqual([])
  })

  test('refuses changes and goes on taking rows while another process holds the file, then catches up in order', async () => {
    const path = newPath()
    const { store } = await openTestStore(path, { tuning: { queueRows: 50, commitWithinMs: 300 } })
    await changed(store, holdOf('erp-1'))
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    for (let row = 0; row < 200; row += 1) store.append('transition', transitionOf('erp-1', row))
    await expect(store.commit(holdOf('erp-1', 'disabled'))).rejects.toMatchObject({
      code: 'not-written',
      message: expect.stringContaining('held by another process'),
    })
    const { waiting, dropped } = store.health()
    expect(waiting).toBeLessThanOrEqual(50)
    expect(waiting + dropped).toBe(200)
    expect(await store.overrides()).toMatchObject([{ value: { status: 'draining' } }])
    other.exec('ROLLBACK')
    other.close()
    await until('it is ok', () => store.health().status === 'ok' && store.health().waiting === 0)
    const kept = (await store.transitions({ limit: 1_000 })).rows.map(({ atMs }) => atMs)
    expect(kept).toEqual(Array.from({ length: 200 - dropped }, (_, index) => 199 - index))
    expect((await store.audit()).rows[0]).toMatchObject({ action: 'store.rows-lost', after: { transition: dropped } })
    expect(await store.overrides()).toMatchObject([{ value: { status: 'draining' } }])
  })

  test('writes a deleted file back whole', async () => {
    const path = newPath()
    const { store, notices } = await openTestStore(path)
    await store.commit(holdOf('erp-1'))
    for (const name of ['', '-wal', '-shm']) rmSync(`${path}${name}`)
    await store.commit(holdOf('erp-2'))
    expect(notices).toMatchObject([{ level: 'error', text: expect.stringContaining('was deleted while vigia ran') }])
    await store.close()
    expect(inspectStore(path, 'full')).toMatchObject({
      counts: { overrides: 2, audit: 3 },
      audit: { fault: undefined },
    })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('keeps what it has where only its log was deleted', async () => {
    const path = newPath()
    const { store } = await openTestStore(path)
    await store.commit(holdOf('erp-1'))
    rmSync(`${path}-wal`)
    await store.commit(holdOf('erp-2'))
    await store.close()
    expect(inspectStore(path, 'full')).toMatchObject({
      counts: { overrides: 2, audit: 2 },
      audit: { fault: undefined },
    })
  })

  test('writes nothing into another file of its name, and goes on when its own is back', async () => {
    const path = newPath()
    const { store } = await openTestStore(path, { tuning: { commitWithinMs: 200 } })
    await changed(store, holdOf('erp-1'))
    renameSync(path, `${path}.mine`)
    writeFileSync(path, 'something else')
    await expect(store.commit(holdOf('erp-2'))).rejects.toMatchObject({
      code: 'not-written',
      message: expect.stringContaining('was replaced by another file'),
    })
    expect(readFileSync(path, 'utf8')).toBe('something else')
    renameSync(`${path}.mine`, path)
    await changed(store, holdOf('erp-2'))
    expect(await store.overrides()).toHaveLength(2)
  })

  test('sets a file that is no database aside, and says so in its new audit', async () => {
    const path = newPath()
    writeFileSync(path, 'x'.repeat(10_000))
    const { store, notices } = await openTestStore(path, { now: () => Date.UTC(2026, 6, 28, 10) })
    expect(notices).toMatchObject([{ level: 'error', text: expect.stringContaining('set aside') }])
    const [row] = (await store.audit()).rows
    expect(row).toMatchObject({ action: 'store.begun-anew', source: 'automatic' })
    const { aside } = row!.after as { aside: string }
    expect(readFileSync(aside, 'utf8')).toBe('x'.repeat(10_000))
    expect(aside).toContain(`${path}.corrupt-`)
  })

  test('carries the orders of people over from a file whose history is broken', async () => {
    const path = newPath()
    const first = await openTestStore(path)
    const secrets = [{ id: 'certificate erp.example', value: { key: 'very-private' } }]
    const windows = [{ op: 'put', id: 'patching', value: { at: 1 } }] as const
    await first.store.commit({ ...holdOf('erp-1'), windows, secrets })
    for (let row = 0; row < 500; row += 1)
      first.store.append('transition', { ...transitionOf('erp-1'), cause: 'x'.repeat(200) })
    await first.store.close()
    const bytes = readFileSync(path)
    bytes.fill(0xff, bytes.length - 8 * 4096, bytes.length - 2 * 4096)
    writeFileSync(path, bytes)
    const { store, notices } = await openTestStore(path)
    expect(notices).toHaveLength(1)
    expect(await store.overrides()).toMatchObject([{ upstream: 'erp-1', value: { status: 'draining' } }])
    expect(await store.windows()).toEqual([{ id: 'patching', value: { at: 1 } }])
    expect(await store.secrets()).toEqual([{ id: 'certificate erp.example', value: { key: 'very-private' } }])
    // What is said of it to people is not the place for a key.
    expect(JSON.stringify([notices, (await store.audit()).rows])).not.toContain('very-private')
    await store.commit(holdOf('erp-2'))
    await store.close()
    expect(inspectStore(path, 'full').audit?.fault).toBeUndefined()
  })

  test.each([
    ['was deleted', (path: string) => rmSync(path)],
    ['was emptied', (path: string) => writeFileSync(path, '')],
    ['has nothing left that can be read', (path: string) => writeFileSync(path, 'x'.repeat(20_000))],
  ])('takes the orders of people from the copy beside it where it %s', async (_, spoil) => {
    const path = newPath()
    const first = await openTestStore(path)
    await first.store.commit({ ...holdOf('erp-1'), windows: [{ op: 'put', id: 'patching', value: { at: 1 } }] })
    const secret = { id: 'certificate erp.example', value: { key: 'very-private' } }
    await first.store.commit({ ...holdOf('erp-2', 'disabled'), secrets: [secret] })
    await first.store.close()
    spoil(path)
    const { store, notices } = await openTestStore(path)
    expect(notices).toMatchObject([{ level: 'error', text: expect.stringContaining('2 overrides') }])
    expect(await store.overrides()).toMatchObject([
      { upstream: 'erp-1', value: { status: 'draining' } },
      { upstream: 'erp-2', value: { status: 'disabled' } },
    ])
    expect(await store.windows()).toEqual([{ id: 'patching', value: { at: 1 } }])
    expect(await store.secrets()).toEqual([secret])
    const { rows } = await store.audit()
    expect(rows).toMatchObject([{ action: 'store.begun-anew' }])
    expect(JSON.stringify([notices, rows])).not.toContain('very-private')
  })

  test('begins anew where it is broken while it runs, and keeps the orders of people', async () => {
    const path = newPath()
    const { store, notices } = await openTestStore(path)
    await store.commit(holdOf('erp-1'))
    for (let row = 0; row < 2_000; row += 1)
      store.append('transition', { ...transitionOf('erp-1'), cause: 'x'.repeat(500) })
    await until('all is written', () => store.health().waiting === 0)
    await store.close()
    const again = await openTestStore(path)
    // Broken behind its back, after the check at the start: the table that is written next.
    const db = new DatabaseSync(path)
    const root = Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'transition'").get()!.rootpage)
    db.close()
    const { openSync, writeSync, closeSync } = await import('node:fs')
    const fd = openSync(path, 'r+')
    writeSync(fd, Buffer.alloc(2_048, 0xff), 0, 2_048, (root - 1) * 4_096)
    closeSync(fd)
    again.store.append('transition', transitionOf('erp-1'))
    await until('it has begun anew', () => again.notices.length > 0)
    await until('it is ok', () => again.store.health().status === 'ok' && again.store.health().waiting === 0)
    expect(await again.store.overrides()).toMatchObject([{ upstream: 'erp-1' }])
    expect((await again.store.transitions()).rows).toHaveLength(1)
    expect(notices).toEqual([])
    expect(
      existsSync((await again.store.audit()).rows.map(({ after }) => (after as { aside: string }).aside)[0]!),
    ).toBe(true)
  })
})
