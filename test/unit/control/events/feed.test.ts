import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Feed } from '../../../../src/control/events/feed.ts'

const NOW = 1_700_000_000_000
const logOf = (kept: number, added: number, nowMs = NOW) => {
  const log = new Feed({ kept, now: () => nowMs })
  for (let n = 1; n <= added; n += 1) log.add({ type: 'notice', text: String(n) })
  return log
}

test('after an id come all later events in order, or a gap and what is kept', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(40), fc.integer({ min: -5, max: 45 }), (kept, added, seen) => {
      const log = logOf(kept, added)
      const start = log.newest - added
      const { events, gap } = log.after(start + seen)
      const all = Array.from({ length: added }, (_, i) => i + 1)
      const lost = seen < Math.max(0, added - kept) || seen > added
      expect(gap).toBe(lost)
      expect(events.map(({ text }) => Number(text))).toEqual(lost ? all.slice(-kept).slice(0, added) : all.slice(seen))
      expect(events.map(({ id }) => id - start)).toEqual(events.map(({ text }) => Number(text)))
    }),
  )
})

test('0 is everything that is kept, and no gap', () => {
  expect(logOf(3, 10).after(0)).toMatchObject({ gap: false, events: [{ text: '8' }, { text: '9' }, { text: '10' }] })
  expect(logOf(3, 0).after(0)).toEqual({ gap: false, events: [] })
})

test('ids go on increasing over a restart, where an earlier id is a gap', () => {
  const before = logOf(1000, 900)
  const later = logOf(1000, 1, NOW + 1)
  expect(later.newest).toBeGreaterThan(before.newest)
  expect(later.after(before.newest)).toMatchObject({ gap: true, events: [{ text: '1' }] })
})

test('a long text is cut, and listeners are told after each event until they leave', () => {
  const log = logOf(3, 0)
  let told = 0
  const leave = log.subscribe(() => {
    told += 1
  })
  log.add({ type: 'notice', text: 'x'.repeat(2000) })
  leave()
  log.add({ type: 'notice', text: 'y' })
  expect(told).toBe(1)
  expect(log.after(0).events[0]?.text).toHaveLength(500)
})

test('what an earlier process has left comes first, gives way to what is newer, and is no gap', () => {
  const before = logOf(3, 3, NOW - 1000)
  const left = before.after(0).events
  const log = logOf(4, 2)
  log.restore([...left, { ...left[0]!, id: log.newest + 9, text: 'of a clock that was ahead' }])
  const texts = (id: number) => log.after(id).events.map(({ text }) => text)
  expect([texts(0), log.oldest]).toEqual([['2', '3', '1', '2'], left[1]!.id - 1])
  expect([log.after(left[1]!.id).gap, texts(left[1]!.id)]).toEqual([false, ['3', '1', '2']])
  expect(log.after(left[0]!.id - 1).gap).toBe(true)
  for (let n = 3; n <= 5; n += 1) log.add({ type: 'notice', text: String(n) })
  expect([texts(0), log.after(left[2]!.id).gap]).toEqual([['2', '3', '4', '5'], true])
})
