// The calendar feed: its text, and the zones that it defines against the runtime's time-zone data.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WindowPlan } from '../../../../src/plan/window.ts'
import { toIcs } from '../../../../src/policy/maintenance/calendar.ts'
import { zoneLines } from '../../../../src/policy/maintenance/calendar-zone.ts'
import { exactDuration, utcOffset } from '../../../../src/policy/maintenance/content-lines.ts'
import type { Facts } from '../../../../src/policy/maintenance/window-state.ts'
import { amount } from '../../../support/thorough.ts'
import { at, DAY_MS, factsWith, HOUR_MS, lasting, occurrences, till } from './plans.ts'

const NOW = at('2026-11-01T00:00[UTC]')

const feed = (plans: readonly Partial<WindowPlan>[], nowMs = NOW): string =>
  toIcs(
    plans.map(changes => occurrences(changes)),
    nowMs,
    at('2026-10-01T12:00[UTC]'),
  )
const unfolded = (text: string): string[] => text.replaceAll('\r\n ', '').trimEnd().split('\r\n')
/** Lines of each component of that name. */
const components = (lines: readonly string[], name: string): string[][] =>
  lines.flatMap((line, index) =>
    line === `BEGIN:${name}` ? [lines.slice(index + 1, lines.indexOf(`END:${name}`, index))] : [],
  )
const events = (plans: readonly Partial<WindowPlan>[], nowMs = NOW): string[][] =>
  components(unfolded(feed(plans, nowMs)), 'VEVENT')

test('a window of one date that was cancelled is left out, one that was extended is longer', () => {
  const feedOf = (changes: Partial<Facts>) =>
    components(unfolded(toIcs([occurrences()], NOW, NOW, factsWith(changes))), 'VEVENT')
  const key = 'patching@2026-12-06T02:00:00'
  expect(feedOf({})).toHaveLength(1)
  expect(feedOf({ endedEarly: new Map([[key, NOW]]) })).toEqual([])
  // Ended while it was under way: it took place.
  const start = at('2026-12-06T02:00[America/Sao_Paulo]')
  expect(feedOf({ endedEarly: new Map([[key, start + 1]]) })).toHaveLength(1)
  expect(feedOf({ extended: new Map([[key, start + 5 * HOUR_MS]]) })[0]).toContain('DURATION:PT5H')
})

describe('the feed', () => {
  test('is a calendar, zone and event, as RFC 5545 writes them', () => {
    const text = feed([{ recurrence: 'FREQ=MONTHLY;BYDAY=1SU', exceptDates: ['2027-01-03T02:00'], reason: 'Patches' }])
    expect(text.split('\r\n')).toEqual([
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//vigia//maintenance windows//EN',
      'CALSCALE:GREGORIAN',
      'METHOD:PUBLISH',
      'NAME:Maintenance windows',
      'X-WR-CALNAME:Maintenance windows',
      'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
      'X-PUBLISHED-TTL:PT1H',
      'BEGIN:VTIMEZONE',
      'TZID:America/Sao_Paulo',
      'BEGIN:STANDARD',
      'DTSTART:20190217T000000',
      'TZOFFSETFROM:-0200',
      'TZOFFSETTO:-0300',
      'END:STANDARD',
      'END:VTIMEZONE',
      'BEGIN:VEVENT',
      'UID:patching@vigia',
      'DTSTAMP:20261001T120000Z',
      'SUMMARY:Maintenance: patching',
      'DESCRIPTION:Patches\\nScope: pool odoo.\\nUsers see a maintenance page.',
      'CATEGORIES:MAINTENANCE',
      'TRANSP:TRANSPARENT',
      'DTSTART;TZID=America/Sao_Paulo:20261206T020000',
      'DURATION:PT4H',
      'RRULE:FREQ=MONTHLY;BYDAY=1SU',
      'EXDATE;TZID=America/Sao_Paulo:20270103T020000',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ])
  })

  test('is a calendar also without windows, and leaves out those long over', () => {
    expect(unfolded(feed([]))).toEqual(unfolded(feed([{ start: '2026-01-01T02:00' }])))
    expect(unfolded(feed([])).at(-1)).toBe('END:VCALENDAR')
    expect(events([{ start: '2026-10-01T02:00' }])).toHaveLength(1)
  })

  test('defines each zone once, and UTC not at all', () => {
    const lines = unfolded(
      feed([{}, { name: 'b' }, { name: 'c', timeZone: 'UTC' }, { name: 'd', timeZone: 'europe/rome' }]),
    )
    expect(lines.filter(line => line.startsWith('TZID:'))).toEqual(['TZID:America/Sao_Paulo', 'TZID:Europe/Rome'])
    expect(lines).toContain('DTSTART:20261206T020000Z')
    expect(lines).toContain('DTSTART;TZID=Europe/Rome:20261206T020000')
  })

  test('writes UNTIL in UTC, whatever form it was given in, and keeps COUNT and the rest', () => {
    const rule = (recurrence: string) => events([{ recurrence }])[0]!.find(line => line.startsWith('RRULE'))
    expect(rule('FREQ=WEEKLY;UNTIL=20270101')).toBe('RRULE:FREQ=WEEKLY;UNTIL=20270102T025959Z')
    expect(rule('FREQ=WEEKLY;UNTIL=20270101T020000Z')).toBe('RRULE:FREQ=WEEKLY;UNTIL=20270101T020000Z')
    const all =
      'FREQ=MONTHLY;COUNT=4;INTERVAL=2;BYMINUTE=0;BYHOUR=2;BYDAY=SA,SU;BYMONTHDAY=1,6;BYMONTH=2,12;BYSETPOS=-1;WKST=SU'
    expect(rule(all)).toBe(`RRULE:${all}`)
  })

  test('gives dates in nights of clock changes an event of their own, in UTC', () => {
    const nightly = { timeZone: 'Europe/Berlin', start: '2026-10-03T22:00', length: till('2026-10-04T06:00') }
    const [master, ...own] = events([{ ...nightly, recurrence: 'FREQ=WEEKLY;BYDAY=SA' }])
    expect(master).toContain('DURATION:PT8H')
    expect(own.map(lines => lines.slice(-3))).toEqual([
      ['RECURRENCE-ID;TZID=Europe/Berlin:20261024T220000', 'DTSTART:20261024T200000Z', 'DTEND:20261025T050000Z'],
      ['RECURRENCE-ID;TZID=Europe/Berlin:20270327T220000', 'DTSTART:20270327T210000Z', 'DTEND:20270328T040000Z'],
      ['RECURRENCE-ID;TZID=Europe/Berlin:20271030T220000', 'DTSTART:20271030T200000Z', 'DTEND:20271031T050000Z'],
    ])
    expect(new Set(own.map(lines => lines[0]))).toEqual(new Set([master![0]]))
  })

  test('says which of two hours, where the hour of the start is shifted or repeated', () => {
    const nightly = { timeZone: 'Europe/Rome', start: '2026-10-01T02:30', length: lasting(1), recurrence: 'FREQ=DAILY' }
    const own = events([nightly]).slice(1)
    expect(own.map(lines => lines.slice(-2))).toEqual([
      ['DTSTART:20261025T003000Z', 'DTEND:20261025T013000Z'],
      ['DTSTART:20270328T013000Z', 'DTEND:20270328T023000Z'],
      ['DTSTART:20271031T003000Z', 'DTEND:20271031T013000Z'],
    ])
    const [once] = events([{ ...nightly, start: '2026-10-25T02:30', recurrence: undefined }])
    expect(once!.slice(-2)).toEqual(['DTSTART:20261025T003000Z', 'DURATION:PT1H'])
  })

  test('leaves out dates on which nothing takes place', () => {
    const swallowed = { timeZone: 'Europe/Rome', start: '2026-12-01T02:00', length: till('2026-12-01T03:00') }
    const [master] = events([{ ...swallowed, recurrence: 'FREQ=DAILY' }])
    expect(master!.filter(line => line.startsWith('EXDATE'))).toEqual(['EXDATE;TZID=Europe/Rome:20270328T020000'])
  })

  test('writes one night of a clock change as long as it is', () => {
    const night = { timeZone: 'Europe/Berlin', start: '2027-03-27T22:00', length: till('2027-03-28T06:00') }
    expect(events([night])[0]!.slice(-2)).toEqual(['DTSTART;TZID=Europe/Berlin:20270327T220000', 'DURATION:PT7H'])
  })

  test('calls a freeze a freeze', () => {
    const [freeze] = events([{ name: 'Q4 close', kind: 'freeze', scope: { kind: 'everything' } }])
    expect(freeze).toContain('SUMMARY:Change freeze: Q4 close')
    expect(freeze).toContain('CATEGORIES:FREEZE')
    expect(freeze).toContain('DESCRIPTION:Scope: everything.\\nNo configuration change and no drain.')
  })

  test('whatever is written in a window, folds at 75 octets, ends in CRLF, and reads back as it was written', () => {
    const piece = fc.constantFrom(';', ',', '\\', '\n', ':', '"', 'ü', '漢', '😀', '\ud800', 'a', ' ', 'word')
    const text = fc.array(piece, { minLength: 1, maxLength: 150 }).map(pieces => pieces.join(''))
    fc.assert(
      fc.property(text, text, (reason, name) => {
        const ics = feed([{ reason, name }])
        const broken = ics.split('\r\n').filter(line => Buffer.byteLength(line) > 75 || /[\r\n]/.test(line))
        expect(broken).toEqual([])
        const described = unfolded(ics).find(line => line.startsWith('DESCRIPTION:'))!
        const read = described.slice('DESCRIPTION:'.length).replace(/\\(.)/g, (_, next) => (next === 'n' ? '\n' : next))
        expect(read.startsWith(reason.toWellFormed())).toBe(true)
        expect(unfolded(ics).filter(line => line.startsWith('BEGIN:VEVENT'))).toHaveLength(1)
      }),
      { numRuns: amount(60) },
    )
  })
})

describe('durations and offsets', () => {
  test('are written without days, and without gaps between the units', () => {
    expect([HOUR_MS, 90 * 60_000, 26 * HOUR_MS, 30_000, HOUR_MS + 5000, 60_000].map(exactDuration)).toEqual([
      'PT1H',
      'PT1H30M',
      'PT26H',
      'PT30S',
      'PT1H0M5S',
      'PT1M',
    ])
    expect([0, -3 * HOUR_MS, 5.75 * HOUR_MS, -2670_000].map(utcOffset)).toEqual(['+0000', '-0300', '+0545', '-004430'])
  })
})

describe('a zone in the feed', () => {
  test('with a rule for summer time needs two lines of it for all years', () => {
    const lines = zoneLines('Europe/Berlin', at('2026-05-01T00:00[UTC]'), NOW)
    expect(lines).toEqual([
      'BEGIN:VTIMEZONE',
      'TZID:Europe/Berlin',
      'BEGIN:DAYLIGHT',
      'DTSTART:20260329T020000',
      'TZOFFSETFROM:+0100',
      'TZOFFSETTO:+0200',
      'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
      'END:DAYLIGHT',
      'BEGIN:STANDARD',
      'DTSTART:20261025T030000',
      'TZOFFSETFROM:+0200',
      'TZOFFSETTO:+0100',
      'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
      'END:STANDARD',
      'END:VTIMEZONE',
    ])
  })

  const ZONES = [
    'America/Sao_Paulo',
    'Europe/Berlin',
    'Europe/Rome',
    'America/Mexico_City',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Asia/Kolkata',
    'Pacific/Apia',
    'Europe/Dublin',
    'Etc/GMT+3',
  ]

  test.each(ZONES)('%s has the offsets of the time-zone data at each onset and every few days', timeZone => {
    const fromMs = at('2010-06-01T00:00[UTC]')
    const onsets = onsetsOf(zoneLines(timeZone, fromMs, NOW))
    const offsetOf = (ms: number) => onsets.findLast(([onsetMs]) => onsetMs <= ms)?.[1]
    const real = (ms: number) =>
      Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).offset.replace(':', '')
    const instants = onsets.flatMap(([onsetMs]) => [onsetMs - 1, onsetMs]).filter(ms => ms >= fromMs)
    for (let ms = fromMs; ms < NOW + 11 * 365 * DAY_MS; ms += 9 * DAY_MS) instants.push(ms)
    for (const ms of instants.filter(ms => ms < NOW + 11 * 365 * DAY_MS)) {
      expect(`${new Date(ms).toISOString()} ${offsetOf(ms)}`).toBe(`${new Date(ms).toISOString()} ${real(ms)}`)
    }
  })

  /** An independent reading of a VTIMEZONE: instant and offset of each onset, in order. */
  function onsetsOf(lines: readonly string[]): [number, string][] {
    const observances = [...components(lines, 'STANDARD'), ...components(lines, 'DAYLIGHT')]
    const onsets = observances.flatMap(observance => {
      const value = (name: string) => observance.find(line => line.startsWith(`${name}:`))?.slice(name.length + 1)
      const [sign, hours, minutes] = [value('TZOFFSETFROM')![0], ...value('TZOFFSETFROM')!.match(/\d\d/g)!.map(Number)]
      const fromMs = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
      const [year, month, day, hour, minute] = value('DTSTART')!
        .match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/)!
        .slice(1)
        .map(Number)
      const rule = Object.fromEntries((value('RRULE') ?? '').split(';').map(part => part.split('=')))
      const onsets: [number, string][] = []
      for (let next = year!; next <= (rule.FREQ ? 2045 : year!); next += 1) {
        const date = rule.FREQ ? weekdayOf(next, Number(rule.BYMONTH), rule.BYDAY!) : day!
        const ms = Date.UTC(next, month! - 1, date, hour, minute) - fromMs
        const until = rule.UNTIL?.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z')
        if (until === undefined || ms <= Date.parse(until)) onsets.push([ms, value('TZOFFSETTO')!])
      }
      return onsets
    })
    return onsets.sort((a, b) => a[0] - b[0])
  }

  function weekdayOf(year: number, month: number, byDay: string): number {
    const wanted = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'].indexOf(byDay.slice(-2))
    const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
    const days = Array.from({ length }, (_, index) => index + 1).filter(
      day => new Date(Date.UTC(year, month - 1, day)).getUTCDay() === wanted,
    )
    const ordinal = Number.parseInt(byDay, 10)
    return ordinal > 0 ? days[ordinal - 1]! : days.at(ordinal)!
  }
})
