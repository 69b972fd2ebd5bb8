// What a window's author is told.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WindowPlan } from '../../../../src/plan/window.ts'
import { checkWindow } from '../../../../src/policy/maintenance/check-window.ts'
import { neighbours, occurrencesOf } from '../../../../src/policy/maintenance/occurrences.ts'
import { amount } from '../../../support/thorough.ts'
import { HOUR_MS, lasting, plan, till } from './plans.ts'

const told = (changes: Partial<WindowPlan>) => {
  const { errors, warnings } = checkWindow(plan(changes))
  const words = (list: typeof errors) => list.map(({ field, message }) => `${field}: ${message}`).join('\n')
  return { errors: words(errors), warnings: words(warnings) }
}

test.each<[string, Partial<WindowPlan>]>([
  ['once', {}],
  ['with a rule', { recurrence: 'FREQ=MONTHLY;BYDAY=1SU' }],
  ['with a rule in small letters', { recurrence: 'freq=monthly;byday=+1su' }],
  ['from one occurrence straight to the next', { recurrence: 'FREQ=DAILY', length: lasting(24) }],
  ['in UTC', { timeZone: 'UTC' }],
  ['of a route, answered', { scope: { kind: 'route', route: 'api' } }],
  ['of a frozen quarter', { kind: 'freeze', scope: { kind: 'everything' } }],
  ['on each leap day', { start: '2024-02-29T02:00', recurrence: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29' }],
])('a window %s is accepted without a word', (_, changes) => {
  expect(told(changes)).toEqual({ errors: '', warnings: '' })
})

describe('a window is refused', () => {
  test.each<[string, Partial<WindowPlan>, RegExp]>([
    ['for an unknown zone', { timeZone: 'America/Sao_Paolo' }, /^timeZone: "America\/Sao_Paolo" is no time zone/],
    ['for a bare offset', { timeZone: '-03:00' }, /^timeZone: .*IANA name/],
    ['for a start with an offset', { start: '2026-12-06T02:00-03:00' }, /^start: .*without offset/],
    ['for a day that no calendar has', { start: '2026-02-30T02:00' }, /^start: /],
    ['for an hour that no clock has', { start: '2026-12-06T24:00' }, /^start: /],
    [
      'for an end before the start',
      { length: till('2026-12-05T06:00') },
      /^length: the end, 2026-12-05 06:00, is before/,
    ],
    ['for an end that is none', { length: till('tomorrow') }, /^length: end "tomorrow"/],
    ['for no length', { length: lasting(0) }, /^length: .*no length/],
    ['for an end at the start', { length: till('2026-12-06T02:00') }, /^length: .*no length/],
    ['for more than a year', { length: lasting(24 * 367) }, /^length: .*366 days/],
    ['for a negative lead-in', { leadMs: -1 }, /^leadMs: /],
    ['for no name', { name: ' ' }, /^name: /],
    ['for a name of two lines', { name: 'a\r\nb' }, /^name: /],
    [
      'for a route that is to be drained',
      { scope: { kind: 'route', route: 'api' }, behaviour: 'drain' },
      /^behaviour: /,
    ],
    ['for a freeze with a lead-in', { kind: 'freeze', leadMs: 1 }, /^leadMs: /],
    ['for a freeze to be confirmed', { kind: 'freeze', overrun: 'confirm' }, /^overrun: /],
    ['for except dates without a rule', { exceptDates: ['2026-12-06T02:00'] }, /^exceptDates: .*once/],
    ['for an except date that is none', { recurrence: 'FREQ=WEEKLY', exceptDates: ['x'] }, /^exceptDates: "x"/],
    ['for a rule in minutes', { recurrence: 'FREQ=MINUTELY' }, /^recurrence: .*HOURLY is the finest/],
    ['for a rule in seconds', { recurrence: 'FREQ=DAILY;BYSECOND=1' }, /^recurrence: BYSECOND/],
    ['for a rule with its start', { recurrence: 'DTSTART=20260101;FREQ=DAILY' }, /^recurrence: .*rule alone/],
    ['for no frequency', { recurrence: 'BYDAY=SU' }, /^recurrence: FREQ is missing/],
    ['for COUNT and UNTIL', { recurrence: 'FREQ=WEEKLY;COUNT=2;UNTIL=20270101' }, /exclude each other/],
    ['for an UNTIL before the start', { recurrence: 'FREQ=WEEKLY;UNTIL=20251231' }, /UNTIL is before the start/],
    // 02:00 in São Paulo is 05:00 UTC.
    [
      'for an UNTIL one second before the start',
      { recurrence: 'FREQ=WEEKLY;UNTIL=20261206T045959Z' },
      /UNTIL is before/,
    ],
    ['for an UNTIL on a day that is none', { recurrence: 'FREQ=WEEKLY;UNTIL=20270230' }, /UNTIL=20270230/],
    ['for the first Sunday of a week', { recurrence: 'FREQ=WEEKLY;BYDAY=1SU' }, /MONTHLY and YEARLY only/],
    ['for a sixth Sunday', { recurrence: 'FREQ=MONTHLY;BYDAY=6SU' }, /at most five/],
    ['for a month 13', { recurrence: 'FREQ=YEARLY;BYMONTH=13' }, /BYMONTH=13: numbers from 1 to 12/],
    ['for a part given twice', { recurrence: 'FREQ=WEEKLY;BYDAY=SU;BYDAY=MO' }, /BYDAY is given twice/],
    ['for a part that is none', { recurrence: 'FREQ=WEEKLY;BYWEEK=2' }, /"BYWEEK=2" is no part/],
    ['for BYSETPOS alone', { recurrence: 'FREQ=MONTHLY;BYSETPOS=1' }, /BYSETPOS chooses among/],
    ['for every hour', { recurrence: 'FREQ=HOURLY', length: lasting(0.5) }, /more than 1500 occurrences a year/],
    [
      'for the 30th of February',
      { start: '2026-02-28T02:00', recurrence: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' },
      /no date in the twelve years/,
    ],
  ])('%s', (_, changes, words) => {
    expect(told(changes).errors).toMatch(words)
  })

  test('where its rule does not give the start, with the date that it gives', () => {
    expect(told({ start: '2026-12-05T02:00', recurrence: 'FREQ=MONTHLY;BYDAY=1SU' }).errors).toMatch(
      /^recurrence: .*2026-12-05 02:00 \(Saturday\) is none of its dates.*2026-12-06 02:00/,
    )
  })

  test('where it would overlap itself, if only in the one night that is an hour shorter', () => {
    const daily = { recurrence: 'FREQ=DAILY', length: lasting(24) }
    expect(told({ ...daily, length: lasting(25) }).errors).toMatch(
      /^length: .*overlaps itself.*2026-12-06 02:00 ends 2026-12-07 03:00/,
    )
    expect(told({ ...daily, timeZone: 'Europe/Berlin' }).errors).toMatch(/^length: .*overlaps itself.*2027-03-2/)
    const wall = { ...daily, timeZone: 'Europe/Berlin', length: till('2026-12-07T02:00') }
    expect(told(wall)).toMatchObject({ errors: '' })
  })

  test('where the lead-in is longer than the pause before it', () => {
    const daily = { recurrence: 'FREQ=DAILY', length: lasting(23) }
    expect(told({ ...daily, leadMs: HOUR_MS }).errors).toBe('')
    expect(told({ ...daily, leadMs: HOUR_MS + 1 }).errors).toMatch(/^leadMs: longer than the pause/)
  })

  test('where it never takes place', () => {
    const gap = { timeZone: 'Europe/Berlin', start: '2026-03-29T02:00', length: till('2026-03-29T03:00') }
    expect(told(gap).errors).toMatch(/^start: it never takes place: nothing is left/)
    expect(told({ ...gap, recurrence: 'FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU' }).errors).toMatch(
      /^start: it never takes place/,
    )
    expect(told({ recurrence: 'FREQ=WEEKLY;COUNT=1', exceptDates: ['2026-12-06T02:00'] }).errors).toMatch(
      /all dates are left out/,
    )
  })

  test('with all that is wrong at once', () => {
    const { errors } = checkWindow(
      plan({
        name: '',
        timeZone: 'Mars',
        start: 'x',
        length: lasting(0),
        recurrence: 'FREQ=FOO;BYMONTH=0',
        leadMs: -1,
      }),
    )
    expect(errors.map(({ field }) => field)).toEqual([
      'name',
      'timeZone',
      'start',
      'leadMs',
      'length',
      'recurrence',
      'recurrence',
    ])
  })
})

describe('a window is accepted, with a word', () => {
  test('on a start that does not exist on one of its days', () => {
    const nightly = {
      timeZone: 'Europe/Berlin',
      start: '2026-01-01T02:30',
      length: lasting(1),
      recurrence: 'FREQ=DAILY',
    }
    expect(told(nightly)).toEqual({
      errors: '',
      warnings:
        'start: 2026-03-29 02:30 does not exist in Europe/Berlin (clocks go forward): it begins at 2026-03-29 03:30 then',
    })
    expect(told({ ...nightly, start: '2026-03-29T02:30', recurrence: undefined }).warnings).toMatch(/does not exist/)
  })

  test('on a night in which nothing of it is left', () => {
    const nightly = {
      timeZone: 'Europe/Berlin',
      start: '2026-01-01T02:00',
      length: till('2026-01-01T03:00'),
      recurrence: 'FREQ=DAILY',
    }
    expect(told(nightly)).toMatchObject({ errors: '', warnings: expect.stringMatching(/does not take place then/) })
  })

  test('on an except date that leaves nothing out', () => {
    const weekly = { recurrence: 'FREQ=WEEKLY', exceptDates: ['2026-12-13T02:00', '2026-12-14T02:00'] }
    expect(told(weekly)).toEqual({
      errors: '',
      warnings: 'exceptDates: 2026-12-14 02:00 leaves nothing out: none begins then',
    })
  })
})

test('whatever is written as a rule, it is refused in words or it can be asked, at bounded cost', () => {
  const value = fc.oneof(
    fc.constantFrom(
      'YEARLY',
      'MONTHLY',
      'WEEKLY',
      'DAILY',
      'HOURLY',
      'SU',
      '1SU',
      '-1FR',
      '20270101',
      '0',
      '',
      '1',
      '2',
      '30',
      '-1',
    ),
    fc.array(fc.integer({ min: -370, max: 370 }), { maxLength: 3 }).map(list => list.join(',')),
    fc.string({ maxLength: 8 }),
  )
  const name = fc.constantFrom(
    'INTERVAL',
    'COUNT',
    'UNTIL',
    'BYMONTH',
    'BYWEEKNO',
    'BYYEARDAY',
    'BYMONTHDAY',
    'BYDAY',
    'BYHOUR',
    'BYMINUTE',
    'BYSETPOS',
    'WKST',
  )
  const text = fc
    .tuple(
      fc.constantFrom('YEARLY', 'MONTHLY', 'WEEKLY', 'DAILY', 'HOURLY', 'X'),
      fc.array(fc.tuple(name, value), { maxLength: 3 }),
    )
    .map(([frequency, parts]) => [`FREQ=${frequency}`, ...parts.map(part => part.join('='))].join(';'))
  fc.assert(
    fc.property(fc.oneof({ weight: 5, arbitrary: text }, fc.string()), recurrence => {
      const tried = plan({ recurrence, length: lasting(0.25) })
      const { errors } = checkWindow(tried)
      for (const { message } of errors) expect(message).not.toBe('')
      if (errors.length === 0) neighbours(occurrencesOf(tried), Date.UTC(2031, 5))
    }),
    { numRuns: amount(150) },
  )
})
