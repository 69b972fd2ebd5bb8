import { afterEach, expect, test } from 'vitest'
import type { StoreHealth, StoreTuning } from '../../../../src/store/contract.ts'
import { StoreWriter } from '../../../../src/store/main/store-writer.ts'
import { StoreError } from '../../../../src/store/store-error.ts'
import { GATE, type ToThread, type WriteFailure } from '../../../../src/store/thread/protocol.ts'
import { DEFAULT_TUNING } from '../../../../src/store/tuning.ts'
import { auditOf, holdOf, QUICK, transitionOf } from '../../../support/store.ts'
import { until } from '../../../support/until.ts'

type Write = ToThread & { type: 'write' }

const FULL: WriteFailure = { kind: 'full', certain: true, text: 'there is no room left' }
const UNSURE: WriteFailure = { kind: 'file', certain: false, text: 'the disk is gone' }
const DONE = { ok: true, committed: { audit: [{ seq: 1, hash: 'h' }], configurationId: undefined } } as const

let writer: StoreWriter | undefined
afterEach(async () => {
  await writer?.close(0)
})

/** The writer with its thread played by the test. */
function play(tuning: Partial<StoreTuning> = {}) {
  const sent: Write[] = []
  const healths: StoreHealth[] = []
  const gate = new Int32Array(new SharedArrayBuffer(4))
  writer = new StoreWriter({
    path: 'vigia.db',
    tuning: { ...DEFAULT_TUNING, ...QUICK, ...tuning },
    now: () => 5_000,
    onHealth: health => healths.push(health),
    onNotice: () => {},
    gate,
    post: message => sent.push(message as Write),
  })
  const playing = writer
  return {
    writer: playing,
    sent,
    healths,
    gate,
    last: () => sent.at(-1)!,
    written: () => {
      const { number, items } = sent.at(-1)!
      playing.hear({
        type: 'written',
        number,
        results: items.map(item => (item.type === 'commit' ? DONE : { ok: true })),
      })
    },
    failed: (failure: WriteFailure) => playing.hear({ type: 'not-written', number: sent.at(-1)!.number, failure }),
  }
}

const error = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (reason: unknown) => reason as StoreError,
  )

test('one batch is under way at a time, the next holds all that came meanwhile', () => {
  const { writer, sent, written } = play()
  for (let row = 0; row < 4; row += 1) writer.append('transition', transitionOf('erp-1', row))
  expect(sent.map(({ items }) => items.length)).toEqual([1])
  written()
  expect(sent.map(({ items }) => items.length)).toEqual([1, 3])
  written()
  expect(writer.health()).toEqual({ status: 'ok', waiting: 0, dropped: 0 })
})

test('what the caller changes after the call is not written', () => {
  const { writer, last } = play()
  const after = { weight: 1 }
  writer.append('audit', auditOf('erp', { after }))
  after.weight = 2
  expect(last().items[0]).toMatchObject({ row: { after: { weight: 1 }, atMs: 5_000 } })
})

test('a row that no thread could be sent is left out and counted', async () => {
  const { writer } = play()
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  writer.append('audit', auditOf('erp', { after: cycle }))
  expect(writer.health()).toMatchObject({ dropped: 1, waiting: 0 })
  expect(await error(writer.commit({ audit: [auditOf('erp', { after: cycle })] }))).toMatchObject({ code: 'refused' })
})

test('a change that was not written in time is refused with the reason, and is not written later', async () => {
  const { writer, sent, failed, healths } = play({ commitWithinMs: 30, firstRetryMs: 10_000, longestRetryMs: 10_000 })
  const refused = error(writer.commit(holdOf('erp-1')))
  failed(FULL)
  expect(healths).toMatchObject([{ status: 'degraded', reason: FULL.text, sinceMs: 5_000 }])
  expect(await refused).toMatchObject({ code: 'not-written', message: expect.stringContaining(FULL.text) })
  writer.append('transition', transitionOf('erp-1'))
  void writer.commit(holdOf('erp-2')).catch(() => {})
  expect(sent.at(-1)!.items).toHaveLength(2)
})

test('a change whose time is over before the thread begins to commit is never committed', async () => {
  const { writer, gate, failed, last } = play({ commitWithinMs: 30 })
  writer.append('transition', transitionOf('erp-1'))
  failed({ ...FULL })
  const refused = error(writer.commit(holdOf('erp-1')))
  expect(last().items).toHaveLength(2)
  expect(await refused).toMatchObject({ code: 'not-written' })
  expect(Atomics.load(gate, 0)).toBe(GATE.forbidden)
  failed({ kind: 'forbidden', certain: true, text: 'too slow' })
  await until('the rest is sent again', () => last().items.length === 1)
  expect(Atomics.load(gate, 0)).toBe(GATE.idle)
})

test.each([
  { ending: 'written', durable: true },
  { ending: 'failed', durable: false },
] as const)(
  'a change that the disk does not answer for is called unknown, and settles as $ending',
  async ({ ending, durable }) => {
    const { writer, gate, failed, written } = play({ commitWithinMs: 30 })
    const unknown = error(writer.commit(holdOf('erp-1')))
    Atomics.store(gate, 0, GATE.committing)
    const reason = await unknown
    expect(reason).toBeInstanceOf(StoreError)
    expect(reason.code).toBe('unknown')
    if (ending === 'written') written()
    else failed({ ...FULL })
    expect(await reason.settled).toBe(durable)
  },
)

test('a batch whose fate is not known is sent again as it was, whatever came meanwhile', async () => {
  const { writer, sent, failed, written, last } = play()
  const pending = writer.commit(holdOf('erp-1'))
  failed(UNSURE)
  writer.append('transition', transitionOf('erp-1'))
  await until('it is sent again', () => sent.length === 2)
  expect(last()).toEqual(sent[0])
  written()
  expect(await pending).toEqual(DONE.committed)
  expect(last().number).toBe(sent[0]!.number + 1)
})

test('the batch of a thread that died is sent to its successor as it was', async () => {
  const { writer, sent, written } = play()
  const pending = writer.commit(holdOf('erp-1'))
  writer.threadLost('it crashed')
  expect(writer.health()).toMatchObject({ status: 'degraded', reason: 'it crashed' })
  await until('it is sent again', () => sent.length === 2)
  expect(sent[1]).toEqual(sent[0])
  written()
  await pending
  expect(writer.health().status).toBe('ok')
})

test('what had to be given up is confessed in the first row that is written again', async () => {
  const { writer, sent, failed, written, last } = play({ queueRows: 20 })
  for (let row = 0; row < 21; row += 1) writer.append('transition', transitionOf('erp-1', row))
  failed(FULL)
  for (let row = 21; row < 40; row += 1) writer.append('transition', transitionOf('erp-1', row))
  const { dropped, waiting } = writer.health()
  expect(dropped).toBeGreaterThan(0)
  expect(dropped + waiting).toBe(40)
  await until('it is tried again', () => sent.length === 2)
  failed(FULL)
  await until('it is tried once more', () => sent.length === 3)
  expect(last().items[0]).toMatchObject({
    kind: 'audit',
    row: { action: 'store.rows-lost', after: { transition: dropped } },
  })
  expect(last().items.at(-1)).toMatchObject({ row: { atMs: 39 } })
  written()
  expect(writer.health()).toEqual({ status: 'ok', dropped, waiting: 0 })
  writer.append('transition', transitionOf('erp-1'))
  expect(last().items).toHaveLength(1)
})

test('a store that works again says so, also where nothing waits', async () => {
  const { writer, sent, healths, written } = play()
  writer.hear({ type: 'not-opened', text: 'no such folder', code: undefined })
  await until('it is tried again', () => sent.length === 1)
  expect(sent[0]!.items).toEqual([])
  written()
  expect(healths.map(({ status }) => status)).toEqual(['degraded', 'ok'])
})

test('a disk that is slow makes it degraded until it answers', async () => {
  const { writer, written } = play({ slowMs: 5 })
  writer.append('transition', transitionOf('erp-1'))
  await until('it is degraded', () => writer.health().status === 'degraded')
  written()
  expect(writer.health().status).toBe('ok')
})

test('closing leaves behind what can not be written in time, and says how much', async () => {
  const { writer, failed } = play()
  writer.append('transition', transitionOf('erp-1'))
  const refused = error(writer.commit(holdOf('erp-1')))
  failed(FULL)
  expect(await writer.close(10)).toBe(2)
  expect((await refused).code).toMatch(/not-written|unknown/)
  expect(await error(writer.commit(holdOf('erp-1')))).toMatchObject({ code: 'closed' })
})
