import { expect, test } from 'vitest'
import type { OccurrenceReport, WindowReport } from '../../../../src/admin/contract/maintenance.ts'
import {
  summaryLines,
  upcomingLine,
  windowLine,
  windowLines,
} from '../../../../src/commands/words/maintenance-lines.ts'

const NOW = Date.parse('2026-12-06T04:50:00Z')

const OCCURRENCE: OccurrenceReport = {
  window: 'night',
  kind: 'maintenance',
  scope: 'pool erp',
  start: '2026-12-06T05:00:00.000Z',
  end: '2026-12-06T09:00:00.000Z',
  leadFrom: '2026-12-06T04:45:00.000Z',
  localStart: '2026-12-06T02:00-03:00',
  localEnd: '2026-12-06T06:00-03:00',
  timeZone: 'America/Sao_Paulo',
  shifted: false,
}

const report = (changes: Partial<WindowReport> = {}): WindowReport => ({
  name: 'night',
  kind: 'maintenance',
  source: 'file',
  by: null,
  reason: 'updates',
  scope: 'pool erp',
  behaviour: 'answer',
  timeZone: 'America/Sao_Paulo',
  repeat: null,
  overrun: 'reopen',
  onlyWhenHealthy: false,
  bypass: { addresses: [], header: null },
  status: 'scheduled',
  occurrence: OCCURRENCE,
  since: null,
  until: null,
  waitingFor: null,
  problem: null,
  extended: null,
  next: [OCCURRENCE],
  cancelled: [],
  ...changes,
})

test.each([
  [{}, 'is next 2026-12-06 02:00 (America/Sao_Paulo), in 10 min'],
  [{ status: 'lead-in' }, 'drains, and begins 2026-12-06 02:00 (America/Sao_Paulo), in 10 min'],
  [{ status: 'active' }, 'is in force, until 2026-12-06 06:00 (America/Sao_Paulo), in 4 h 10 min'],
  [
    { status: 'overrun', waitingFor: 'probes' },
    'ended 2026-12-06 06:00 (America/Sao_Paulo), in 4 h 10 min, and stays closed until probes pass',
  ],
  [
    { status: 'postponed' },
    'is POSTPONED: too few upstreams would be left; planned 2026-12-06 02:00 (America/Sao_Paulo), in 10 min, until 2026-12-06 06:00 (America/Sao_Paulo), in 4 h 10 min',
  ],
  [{ status: 'over', since: '2026-12-06T04:00:00.000Z' }, 'is over, since 50 min'],
  [{ status: 'over', occurrence: null }, 'has no date to come'],
  [
    { problem: 'there is no pool erp any more' },
    'is next 2026-12-06 02:00 (America/Sao_Paulo), in 10 min; there is no pool erp any more',
  ],
] as const)('%o reads: %s', (changes, words) => {
  expect(windowLine(report(changes), NOW)).toBe(`window night (pool erp) ${words}`)
})

test('an overrun says what to type', () => {
  expect(windowLine(report({ status: 'overrun', waitingFor: 'confirmation' }), NOW)).toContain(
    'stays closed until: vigia maintenance confirm "night" --reason TEXT',
  )
})

test('the list has the dates after the next one, and marks one that a clock change moves', () => {
  const later = {
    ...OCCURRENCE,
    localStart: '2027-01-03T22:00-03:00',
    localEnd: '2027-01-04T06:00-03:00',
    shifted: true,
  }
  expect(windowLines(report({ next: [OCCURRENCE, later], source: 'api', by: 'ana\u001b[2J' }), NOW).slice(1)).toEqual([
    '    updates (made by ana?[2J)',
    '    then 2027-01-03 22:00 to 2027-01-04 06:00 (America/Sao_Paulo), moved by the clock change',
  ])
})

test('the list has what was cancelled, by whom and why, and how to undo it; what was extended says so', () => {
  const cancelled = [{ ...OCCURRENCE, by: 'ana', reason: 'no patches' }]
  expect(windowLines(report({ next: [], cancelled }), NOW).slice(2)).toEqual([
    '    cancelled: 2026-12-06 02:00 to 06:00 (America/Sao_Paulo), by ana: no patches',
    '    undo that with: vigia maintenance uncancel "night" --reason TEXT',
  ])
  const extended = { by: 'ana', reason: 'slow disk' }
  expect(windowLine(report({ status: 'active', extended }), NOW)).toContain(', extended by ana: slow disk')
})

test('what is under way and what comes next stand below the status', () => {
  expect(summaryLines({ active: [report({ status: 'active' })], next: OCCURRENCE }, NOW)).toEqual([
    'Maintenance: window night (pool erp) is in force, until 2026-12-06 06:00 (America/Sao_Paulo), in 4 h 10 min.',
    'Next maintenance: night (pool erp), 2026-12-06 02:00 (America/Sao_Paulo), in 10 min.',
  ])
  expect(upcomingLine(OCCURRENCE, NOW)).toBe(
    '2026-12-06 02:00 to 06:00 (America/Sao_Paulo)  in 10 min  night  pool erp',
  )
})
