// When windows take place: the examples that an ERP's calendar is made of, and the nights in which clocks change.

import { describe, expect, test } from 'vitest'
import type { WindowPlan } from '../../../../src/plan/window.ts'
import {
  nextOccurrence,
  occurrenceAt,
  occurrencesBetween,
  occurrencesOf,
} from '../../../../src/policy/maintenance/occurrences.ts'
import { at, DAY_MS, HOUR_MS, lasting, occurrences, plan, till, written } from './plans.ts'

function dates(changes: Partial<WindowPlan>, from: string, to: string): string[] {
  const { timeZone } = plan(changes)
  const [fromMs, toMs] = [from, to].map(day => at(`${day}T00:00[${timeZone}]`))
  return occurrencesBetween(occurrences(changes), fromMs!, toMs!, 1000).map(found => written(found, timeZone))
}

describe('a window takes place', () => {
  test('once, where it has no rule', () => {
    expect(dates({}, '2026-01-01', '2030-01-01')).toEqual(['2026-12-06T02:00-03:00 +4h'])
  })

  test('every week from 22:00 to 06:00, over midnight', () => {
    const weekly = {
      timeZone: 'Europe/Rome',
      start: '2026-01-03T22:00',
      length: till('2026-01-04T06:00'),
      recurrence: 'FREQ=WEEKLY;BYDAY=SA',
    }
    expect(dates(weekly, '2026-01-01', '2026-01-24')).toEqual([
      '2026-01-03T22:00+01:00 +8h',
      '2026-01-10T22:00+01:00 +8h',
      '2026-01-17T22:00+01:00 +8h',
    ])
  })

  test('on the first Sunday of each month', () => {
    expect(dates({ recurrence: 'FREQ=MONTHLY;BYDAY=1SU' }, '2026-12-01', '2027-04-01')).toEqual([
      '2026-12-06T02:00-03:00 +4h',
      '2027-01-03T02:00-03:00 +4h',
      '2027-02-07T02:00-03:00 +4h',
      '2027-03-07T02:00-03:00 +4h',
    ])
  })

  test('at the close of each quarter', () => {
    const close = { start: '2026-03-31T18:00', recurrence: 'FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1' }
    expect(dates(close, '2026-01-01', '2027-04-01').map(text => text.slice(0, 10))).toEqual([
      '2026-03-31',
      '2026-06-30',
      '2026-09-30',
      '2026-12-31',
      '2027-03-31',
    ])
  })

  test('on the last working day, and twice a day', () => {
    const last = { start: '2026-01-30T20:00', recurrence: 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1' }
    expect(dates(last, '2026-01-01', '2026-05-01').map(text => text.slice(0, 10))).toEqual([
      '2026-01-30',
      '2026-02-27',
      '2026-03-31',
      '2026-04-30',
    ])
    const twice = { start: '2026-01-01T06:30', length: lasting(1), recurrence: 'FREQ=DAILY;BYHOUR=6,18' }
    expect(dates(twice, '2026-01-02', '2026-01-03').map(text => text.slice(11, 16))).toEqual(['06:30', '18:30'])
  })

  test('but not on an except date, which COUNT still counts', () => {
    const four = { recurrence: 'FREQ=WEEKLY;COUNT=4', exceptDates: ['2026-12-20T02:00'] }
    expect(dates(four, '2026-01-01', '2030-01-01').map(text => text.slice(0, 10))).toEqual([
      '2026-12-06',
      '2026-12-13',
      '2026-12-27',
    ])
  })

  test.each([
    ['UNTIL=20261220', ['2026-12-06', '2026-12-13', '2026-12-20']],
    ['UNTIL=20261220T020000', ['2026-12-06', '2026-12-13', '2026-12-20']],
    ['UNTIL=20261220T015959', ['2026-12-06', '2026-12-13']],
    // 02:00 in São Paulo is 05:00 UTC.
    ['UNTIL=20261220T050000Z', ['2026-12-06', '2026-12-13', '2026-12-20']],
    ['UNTIL=20261220T045959Z', ['2026-12-06', '2026-12-13']],
  ])('until %s', (until, expected) => {
    const found = dates({ recurrence: `FREQ=WEEKLY;${until}` }, '2026-01-01', '2030-01-01')
    expect(found.map(text => text.slice(0, 10))).toEqual(expected)
  })

  test('at most as often as was asked for', () => {
    const daily = occurrences({ recurrence: 'FREQ=DAILY' })
    expect(occurrencesBetween(daily, at('2026-12-01T00:00[UTC]'), at('2199-01-01T00:00[UTC]'), 3)).toHaveLength(3)
  })
})

describe('in a night in which the clocks change', () => {
  const BERLIN = 'Europe/Berlin'
  const SPRING = ['2026-03-28', '2026-03-31'] as const
  const AUTUMN = ['2026-10-24', '2026-10-27'] as const

  test('22:00 to 06:00 ends at 06:00: after seven hours in spring, nine in autumn', () => {
    const nightly = {
      timeZone: BERLIN,
      start: '2026-01-01T22:00',
      length: till('2026-01-02T06:00'),
      recurrence: 'FREQ=DAILY',
    }
    const lengths = (from: string, to: string) => dates(nightly, from, to).map(text => text.slice(-2))
    expect(lengths('2026-03-28', '2026-03-30')).toEqual(['8h', '7h', '8h'])
    expect(lengths('2026-10-24', '2026-10-26')).toEqual(['8h', '9h', '8h'])
  })

  test('a duration is time that passes: eight hours are eight hours', () => {
    const nightly = { timeZone: BERLIN, start: '2026-01-01T22:00', length: lasting(8), recurrence: 'FREQ=DAILY' }
    const found = [...dates(nightly, ...SPRING), ...dates(nightly, ...AUTUMN)]
    expect(new Set(found.map(text => text.slice(-2)))).toEqual(new Set(['8h']))
  })

  test('a start in the gap comes later by the gap, and so does an end', () => {
    const start = { timeZone: BERLIN, start: '2026-03-01T02:30', length: lasting(2), recurrence: 'FREQ=DAILY' }
    expect(dates(start, ...SPRING)).toEqual([
      '2026-03-28T02:30+01:00 +2h',
      '2026-03-29T03:30+02:00 +2h',
      '2026-03-30T02:30+02:00 +2h',
    ])
    const end = { ...start, start: '2026-03-01T01:00', length: till('2026-03-01T02:30') }
    expect(dates(end, ...SPRING).map(text => text.slice(-4))).toEqual(['1.5h', '1.5h', '1.5h'])
  })

  test('a start or end in the overlap is the first of the two, and comes once', () => {
    const start = { timeZone: BERLIN, start: '2026-10-01T02:30', length: lasting(2), recurrence: 'FREQ=DAILY' }
    expect(dates(start, ...AUTUMN)).toEqual([
      '2026-10-24T02:30+02:00 +2h',
      '2026-10-25T02:30+02:00 +2h',
      '2026-10-26T02:30+01:00 +2h',
    ])
    const end = { ...start, start: '2026-10-01T01:30', length: till('2026-10-01T02:30') }
    expect(dates(end, ...AUTUMN).map(text => text.slice(-3))).toEqual(
      [' +1h', ' +1h', ' +1h'].map(text => text.slice(1)),
    )
  })

  test('a window that lies in the gap does not take place on that day', () => {
    const short = {
      timeZone: BERLIN,
      start: '2026-03-01T02:00',
      length: till('2026-03-01T03:00'),
      recurrence: 'FREQ=DAILY',
    }
    expect(dates(short, ...SPRING).map(text => text.slice(0, 10))).toEqual(['2026-03-28', '2026-03-30'])
  })

  test('two local starts that fall on one instant are one occurrence, that of the time that exists', () => {
    const hourly = {
      timeZone: BERLIN,
      start: '2026-03-01T02:00',
      length: lasting(0.5),
      recurrence: 'FREQ=DAILY;BYHOUR=2,3',
    }
    expect(dates(hourly, '2026-03-29', '2026-03-30')).toEqual(['2026-03-29T03:00+02:00 +0.5h'])
    const found = occurrenceAt(occurrences(hourly), at('2026-03-29T03:10[Europe/Berlin]'))
    expect(found).toMatchObject({ localStart: '2026-03-29T03:00:00', shifted: false })
  })

  test('every six hours of the wall clock has no second occurrence in the repeated hour', () => {
    const hourly = {
      timeZone: BERLIN,
      start: '2026-10-24T02:00',
      length: lasting(0.5),
      recurrence: 'FREQ=HOURLY;INTERVAL=6',
    }
    expect(dates(hourly, '2026-10-25', '2026-10-26').map(text => text.slice(11, 22))).toEqual([
      '02:00+02:00',
      '08:00+01:00',
      '14:00+01:00',
      '20:00+01:00',
    ])
  })

  test('São Paulo skipped its midnights until 2018, and never since', () => {
    const nightly = { start: '2018-01-01T00:00', length: lasting(1), recurrence: 'FREQ=DAILY' }
    expect(dates(nightly, '2018-11-03', '2018-11-06')).toEqual([
      '2018-11-03T00:00-03:00 +1h',
      '2018-11-04T01:00-02:00 +1h',
      '2018-11-05T00:00-02:00 +1h',
    ])
    expect(dates(nightly, '2019-11-02', '2019-11-05').every(text => text.includes('T00:00-03:00'))).toBe(true)
  })

  test('Mexico City changed its clocks until 2022, and never since', () => {
    const weekly = {
      timeZone: 'America/Mexico_City',
      start: '2022-01-02T02:30',
      length: lasting(1),
      recurrence: 'FREQ=WEEKLY;BYDAY=SU',
    }
    expect(dates(weekly, '2022-04-03', '2022-04-11')).toEqual([
      '2022-04-03T03:30-05:00 +1h',
      '2022-04-10T02:30-05:00 +1h',
    ])
    expect(dates(weekly, '2023-04-02', '2023-04-03')).toEqual(['2023-04-02T02:30-06:00 +1h'])
  })

  test('a whole day that a zone left out shifts by a day', () => {
    // Samoa had no 30 December 2011.
    const found = dates(
      { timeZone: 'Pacific/Apia', start: '2011-12-30T10:00', length: lasting(1) },
      '2011-12-29',
      '2012-01-02',
    )
    expect(found).toEqual(['2011-12-31T10:00+14:00 +1h'])
  })
})

describe('an occurrence', () => {
  test('keeps its key, whatever form the start is written in and whenever it is asked for', () => {
    const key = 'patching@2026-12-06T02:00:00'
    for (const start of ['2026-12-06T02:00', '2026-12-06T02:00:00']) {
      const { startMs } = nextOccurrence(occurrences({ start }), 0)!
      expect(occurrenceAt(occurrences({ start }), startMs)?.key).toBe(key)
    }
  })

  test('is under way from its start (inclusive) to its end (exclusive)', () => {
    const once = occurrences()
    const startMs = at('2026-12-06T02:00[America/Sao_Paulo]')
    const keyAt = (ms: number) => occurrenceAt(once, ms) !== undefined
    expect([startMs - 1, startMs, startMs + 4 * HOUR_MS - 1, startMs + 4 * HOUR_MS].map(keyAt)).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  test('is found again when the clock steps back and forth', () => {
    const weekly = occurrences({ recurrence: 'FREQ=WEEKLY' })
    const startMs = at('2026-12-13T02:00[America/Sao_Paulo]')
    const steps = [0, 30 * DAY_MS, HOUR_MS, -7 * DAY_MS, -HOUR_MS, 0]
    const seen = steps.map(step => occurrenceAt(weekly, startMs + step)?.localStart)
    expect(seen).toEqual([
      '2026-12-13T02:00:00',
      undefined,
      '2026-12-13T02:00:00',
      '2026-12-06T02:00:00',
      undefined,
      '2026-12-13T02:00:00',
    ])
  })
})

describe('the cost', () => {
  /** CPU time, which a busy machine does not stretch as it does the time on the clock. */
  function cpuMs(work: () => void): number {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }

  const RULES = [
    'FREQ=WEEKLY;BYDAY=MO',
    'FREQ=MONTHLY;BYDAY=1MO',
    'FREQ=YEARLY',
    'FREQ=DAILY;BYHOUR=2,8,20;BYSETPOS=1',
    'FREQ=WEEKLY;COUNT=1000',
    'FREQ=HOURLY;INTERVAL=6',
    'FREQ=DAILY;BYMONTH=1;BYDAY=MO',
  ]

  test.each(RULES)('of %s is that of the years asked about, not of those since it began', recurrence => {
    const ask = (start: string) => {
      const rule = occurrencesOf(plan({ start, length: lasting(1), recurrence }))
      return cpuMs(() => {
        for (let day = 0; day < 200; day += 40) nextOccurrence(rule, Date.UTC(2026, 0, 1) + day * DAY_MS)
      })
    }
    const recent = Math.min(...[1, 2, 3].map(() => ask('2024-01-01T02:00')))
    const old = Math.min(...[1, 2, 3].map(() => ask('1979-01-01T02:00')))
    // 2 against 47 years: a walk from the start would cost more than twenty times as much.
    expect(old).toBeLessThan(recent * 8 + 20)
  })

  test('of a date that never comes again is bounded', () => {
    const rare = occurrences({
      start: '2024-02-29T02:00',
      recurrence: 'FREQ=YEARLY;INTERVAL=150;BYMONTH=2;BYMONTHDAY=29',
    })
    const never = occurrences({ start: '2024-02-29T02:00', recurrence: 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30' })
    const nowMs = at('2026-01-01T00:00[UTC]')
    const cost = cpuMs(() => {
      expect([nextOccurrence(rare, nowMs), nextOccurrence(never, nowMs)]).toEqual([undefined, undefined])
    })
    expect(cost).toBeLessThan(2000)
  })
})
