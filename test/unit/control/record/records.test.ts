// When orders are written, carried out and acknowledged, with a store that says what the test wants; no disk, no thread.

import pino from 'pino'
import { expect, test, vi } from 'vitest'
import { NotRecorded, Records } from '../../../../src/control/record/records.ts'
import type { Change, Committed, Store, StoreHealth, StoreOptions } from '../../../../src/store/contract.ts'
import { StoreError } from '../../../../src/store/store-error.ts'
import { until } from '../../../support/until.ts'

const PLAN = {
  path: '/nowhere/vigia.db',
  keepDays: { audit: 400, transitions: 90, incidents: 400, inDoubt: 400, configurations: 1100 },
}
const COMMITTED: Committed = { audit: [], configurationId: undefined }

function changeOf(upstream: string): Change {
  return {
    audit: [{ actor: 'ana', source: 'api', action: 'upstream.drain', subject: `erp/${upstream}` }],
    overrides: [{ op: 'put', pool: 'erp', upstream, kind: 'hold', value: { status: 'draining' } }],
  }
}

function setUp() {
  const attempts: Change[] = []
  const written: Change[] = []
  const appended: string[] = []
  const state = {
    health: { status: 'ok', waiting: 0, dropped: 0 } as StoreHealth,
    answer: (): Promise<Committed> => Promise.resolve(COMMITTED),
  }
  const opened = Promise.withResolvers<void>()
  let options: StoreOptions | undefined
  const none = () => Promise.resolve([])
  const store = {
    append: (kind: string, row: { subject?: string }) => appended.push(`${kind} ${row.subject}`),
    commit: async (change: Change) => {
      attempts.push(change)
      const committed = await state.answer()
      written.push(change)
      return committed
    },
    overrides: none,
    secrets: async () => [],
    windows: none,
    health: () => state.health,
    close: async () => ({ unwritten: 0 }),
  } as unknown as Store
  const records = new Records({
    plan: PLAN,
    logger: pino({ level: 'silent' }),
    onOpen: () => {},
    onUnread: () => {},
    open: async given => {
      options = given
      await opened.promise
      return store
    },
  })
  records.start()
  const degrade = () => {
    state.health = { status: 'degraded', reason: 'no room left', sinceMs: 1, waiting: 0, dropped: 0 }
    state.answer = () => Promise.reject(new StoreError('not-written', 'nothing was changed: no room left'))
  }
  const mend = () => {
    state.health = { status: 'ok', waiting: 0, dropped: 0 }
    state.answer = () => Promise.resolve(COMMITTED)
    options!.onHealth!(state.health)
  }
  const open = async () => {
    opened.resolve()
    await records.ready(1000)
  }
  const subjects = (of: readonly Change[] = written) => of.map(({ audit }) => audit.map(({ subject }) => subject))
  return { records, attempts, appended, state, open, degrade, mend, subjects }
}

test('a file that can not be opened, and has no copy of its orders beside it, is said to be unread once', async () => {
  const unread = vi.fn()
  const records = new Records({
    plan: PLAN,
    logger: pino({ level: 'silent' }),
    onOpen: () => {},
    onUnread: unread,
    open: () => Promise.reject(new StoreError('locked', 'in use by another vigia')),
  })
  records.start()
  await records.ready(1000)
  expect(unread.mock.calls).toEqual([[undefined]])
  expect(records.health()).toMatchObject({ state: 'degraded', ordersFrom: 'nowhere' })
  await records.close()
})

test('an order is carried out once it is written, and not before', async () => {
  const { records, state, open } = setUp()
  await open()
  const written = Promise.withResolvers<Committed>()
  state.answer = () => written.promise
  const apply = vi.fn()
  const order = records.order(changeOf('erp-1'), { unrecorded: false }, apply)
  await Promise.resolve()
  expect(apply).not.toHaveBeenCalled()
  written.resolve(COMMITTED)
  expect(await order).toBe('recorded')
  expect(apply).toHaveBeenCalledOnce()
})

test('an order that can not be written is not carried out, and says how to insist', async () => {
  const { records, open, degrade } = setUp()
  await open()
  degrade()
  const apply = vi.fn()
  const order = records.order(changeOf('erp-1'), { unrecorded: false }, apply)
  await expect(order).rejects.toThrow(NotRecorded)
  await expect(order).rejects.toThrow('nothing was changed: no room left; ask with unrecorded')
  expect(apply).not.toHaveBeenCalled()
})

test('who insists does not wait; what was carried out is written first when the store can be written again, in order', async () => {
  const { records, open, degrade, mend, subjects, state } = setUp()
  await open()
  degrade()
  const apply = vi.fn()
  for (const name of ['erp-1', 'erp-2'])
    expect(await records.order(changeOf(name), { unrecorded: true }, apply)).toBe('later')
  expect(apply).toHaveBeenCalledTimes(2)
  expect(records.isUnrecorded('erp', 'erp-1', 'hold')).toBe(true)
  expect(records.health()).toMatchObject({ state: 'degraded', waiting: 2 })
  state.answer = () => Promise.resolve(COMMITTED)
  expect(await records.order(changeOf('erp-3'), { unrecorded: false }, apply)).toBe('recorded')
  expect(subjects().flat()).toEqual(['erp/erp-1', 'erp/erp-2', 'erp/erp-3'])
  expect(records.isUnrecorded('erp', 'erp-1', 'hold')).toBe(false)
  degrade()
  await records.order(changeOf('erp-4'), { unrecorded: true }, apply)
  mend()
  await until('it is written', () => !records.isUnrecorded('erp', 'erp-4', 'hold'))
  expect(subjects().at(-1)).toEqual(['erp/erp-4'])
})

test('an order of which the disk has not spoken counts if and when the disk has it, and nothing is written twice meanwhile', async () => {
  const { records, attempts, open, state, subjects } = setUp()
  await open()
  const settled = Promise.withResolvers<boolean>()
  state.answer = () => Promise.reject(new StoreError('unknown', 'the disk has not answered', settled.promise))
  const apply = vi.fn()
  await expect(records.order(changeOf('erp-1'), { unrecorded: false }, apply)).rejects.toThrow('counts as soon as')
  expect(apply).not.toHaveBeenCalled()
  state.answer = () => Promise.resolve(COMMITTED)
  const next = records.order(changeOf('erp-2'), { unrecorded: false }, apply)
  expect(subjects(attempts)).toEqual([['erp/erp-1']])
  settled.resolve(true)
  expect(await next).toBe('recorded')
  expect(apply).toHaveBeenCalledTimes(2)
  expect(subjects(attempts)).toEqual([['erp/erp-1'], ['erp/erp-2']])
})

test('before the file is open rows wait, orders are refused, and nobody waits for it longer than asked', async () => {
  const { records, appended, open } = setUp()
  await records.ready(1)
  expect(records.health()).toMatchObject({ state: 'opening', waiting: 0 })
  records.append('audit', { actor: 'vigia', source: 'startup', action: 'vigia.start', subject: 'vigia' })
  expect(records.health().waiting).toBe(1)
  await expect(records.order(changeOf('erp-1'), { unrecorded: false }, () => {})).rejects.toThrow('not open yet')
  await expect(records.query(store => store.overrides())).rejects.toThrow('not open yet')
  await open()
  expect(appended).toEqual(['audit vigia'])
  expect(records.health()).toMatchObject({ state: 'ok', waiting: 0 })
})

test('without a store orders are carried out as they come, and queries say which key is missing', async () => {
  const records = new Records({
    plan: undefined,
    logger: pino({ level: 'silent' }),
    onOpen: () => {},
    onUnread: () => {},
  })
  const apply = vi.fn()
  expect(await records.order(changeOf('erp-1'), { unrecorded: false }, apply)).toBe('none')
  expect(apply).toHaveBeenCalledOnce()
  await expect(records.query(store => store.overrides())).rejects.toThrow('"store"')
  expect(await records.close()).toBe(0)
})
