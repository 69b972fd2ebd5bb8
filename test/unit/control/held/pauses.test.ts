// Paused routes: what workers are told of them, when a pause ends, what became of requests meanwhile.

import { expect, test } from 'vitest'
import type { HeldTally, Pause, PauseEvent } from '../../../../src/control/held/pause-event.ts'
import { Pauses } from '../../../../src/control/held/pauses.ts'
import type { ClosedRoute } from '../../../../src/shared/messages.ts'

const TALLY: HeldTally = { held: 0, repeats: 0, refused: 0, forwarded: 0, dead: 0, inDoubt: 0, dropped: 0 }

function setUp({ restores = false } = {}) {
  const clock = { ms: 1_000_000 }
  const events: PauseEvent[] = []
  const totals = { shop: TALLY } as Record<string, HeldTally>
  const pauses = new Pauses({
    restores,
    tally: route => totals[route],
    tell: event => events.push(event),
    now: () => clock.ms,
  })
  return { clock, events, totals, pauses }
}

const pauseOf = (more: Partial<Pause> = {}): Pause => ({
  ...{ route: 'shop', reason: 'stock count', by: 'ana', sinceMs: 1_000_000, untilMs: undefined },
  ...more,
})

const closedBy = (window: string, untilMs: number | undefined, route = 'shop'): ClosedRoute => ({
  ...{ route, window, reason: 'r', timeZone: 'Europe/Rome', untilMs },
  bypasses: [{ addresses: ['10.0.0.1'], header: undefined }],
})

test('a paused route is closed to everybody, with the end of the pause', () => {
  const { pauses } = setUp()
  const others = [closedBy('patch', 5, 'crm')]
  expect(pauses.over(others)).toBe(others)
  pauses.pause(pauseOf({ untilMs: 2_000_000 }))
  expect(pauses.over(others)).toEqual([
    ...others,
    {
      route: 'shop',
      paused: true,
      window: 'paused',
      reason: 'paused',
      timeZone: 'UTC',
      untilMs: 2_000_000,
      bypasses: [],
    },
  ])
})

test('where a window closes it as well, the later end counts, and nobody passes', () => {
  const { pauses } = setUp()
  pauses.pause(pauseOf({ untilMs: 2_000_000 }))
  expect(pauses.over([closedBy('patch', 3_000_000)])).toEqual([
    { ...closedBy('patch', 3_000_000), paused: true, bypasses: [] },
  ])
  expect(pauses.over([closedBy('patch', undefined)])).toMatchObject([{ untilMs: undefined }])
})

test('a pause ends by itself at its time, and says what became of requests meanwhile', () => {
  const { clock, events, totals, pauses } = setUp()
  totals.shop = { ...TALLY, held: 7, refused: 1 }
  pauses.pause(pauseOf({ untilMs: 1_060_000 }))
  totals.shop = { ...TALLY, held: 19, refused: 4 }
  clock.ms = 1_059_999
  pauses.tick()
  expect(pauses.of('shop')).toBeDefined()
  clock.ms = 1_060_000
  pauses.tick()
  expect(pauses.of('shop')).toBeUndefined()
  expect(events.at(-1)).toMatchObject({ phase: 'ends', by: undefined, tally: { ...TALLY, held: 12, refused: 3 } })
})

test('a second order for the same route counts in the place of the first, and its requests are counted from the first on', () => {
  const { events, totals, pauses } = setUp()
  pauses.pause(pauseOf())
  totals.shop = { ...TALLY, held: 5 }
  pauses.pause(pauseOf({ reason: 'longer', untilMs: 9_000_000 }))
  pauses.resume('shop', 'ben', 'done')
  expect(events.map(({ phase }) => phase)).toEqual(['begins', 'begins', 'ends'])
  expect(events.at(-1)).toMatchObject({ by: 'ben', pause: { reason: 'longer' }, tally: { held: 5 } })
})

test('what was paused before the start is not known until the store says so, and an order in between is newer', () => {
  const { clock, pauses } = setUp({ restores: true })
  expect(pauses.isKnown).toBe(false)
  pauses.pause(pauseOf({ reason: 'new' }))
  clock.ms = 1_500_000
  pauses.restore([pauseOf({ reason: 'old' }), pauseOf({ route: 'crm' }), pauseOf({ route: 'edi', untilMs: 1_400_000 })])
  expect(pauses.isKnown).toBe(true)
  expect(pauses.all().map(({ route, reason }) => `${route} ${reason}`)).toEqual(['shop new', 'crm stock count'])
})

test('a clock that is set moves an end that was given as a length of time, and no other', () => {
  const { events, pauses } = setUp()
  pauses.pause(pauseOf({ untilMs: 2_000_000, untilBy: 'elapsed' }))
  pauses.pause(pauseOf({ route: 'crm', untilMs: 2_000_000 }))
  pauses.clockStepped(-500_000)
  expect(pauses.all().map(({ untilMs }) => untilMs)).toEqual([1_500_000, 2_000_000])
  expect(events.filter(({ phase }) => phase === 'moved')).toHaveLength(1)
})
