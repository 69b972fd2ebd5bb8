// The calendar feed of all windows as RFC 5545 text, for people to subscribe to. Says what is planned, with what people have cancelled
// and extended, not what came of it.

import type { WindowPlan } from '../../plan/window.ts'
import { isUtc, localProperty, wallProperty, zoneLines } from './calendar-zone.ts'
import { basicUtc, contentLines, escapeText, exactDuration } from './content-lines.ts'
import { datesBetween, neighbours, type Occurrence, type Occurrences, occurrenceOfStart } from './occurrences.ts'
import type { RecurrenceRule } from './recurrence-rule.ts'
import { instantOf, isPlain, localText, parseLocal, resolve, zoneName } from './wall-clock.ts'
import { asExtended, type Changes, cancelledFrom, extendedOf, isCancelled, NO_FACTS } from './window-state.ts'

/**
 * One VEVENT for each window that is not long over. Calendars disagree on what a rule means in a night in which clocks
 * change (left out, moved, the first or the second of two, an hour longer or shorter): for the next 400 days each such date
 * gets a VEVENT of its own, in UTC, with the start and end that vigia will apply. `dtstampMs` is when the plans were last
 * changed.
 *
 * A date that was cancelled is an EXDATE in the zone of DTSTART, the one form that all readers understand
 * (findings/calendar-cancelled-occurrence-forms.sh); a window of one date is left out then. One that was extended gets a VEVENT of its own.
 */
export function toIcs(
  windows: readonly Occurrences[],
  nowMs: number,
  dtstampMs: number,
  changes: Changes = NO_FACTS,
): string {
  const shown = windows.filter(occurrences => isCurrent(occurrences, nowMs))
  return contentLines([
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//vigia//maintenance windows//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    'NAME:Maintenance windows',
    'X-WR-CALNAME:Maintenance windows',
    'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
    'X-PUBLISHED-TTL:PT1H',
    ...zonesOf(shown, nowMs),
    ...shown.flatMap(occurrences => eventLines(occurrences, nowMs, dtstampMs, changes)),
    'END:VCALENDAR',
  ])
}

const DAY_MS = 86_400_000
const KEPT_MS = 90 * DAY_MS
const AHEAD_MS = 400 * DAY_MS

function isCurrent(occurrences: Occurrences, nowMs: number): boolean {
  const { latest, next } = neighbours(occurrences, nowMs)
  return next !== undefined || (latest !== undefined && latest.endMs > nowMs - KEPT_MS)
}

function zonesOf(windows: readonly Occurrences[], nowMs: number): string[] {
  const firstMs = new Map<string, number>()
  for (const { plan, startWallMs } of windows) {
    const zone = zoneOf(plan)
    if (isUtc(zone)) continue
    // A day before: the lead-up of the first event must be covered whatever its own offset.
    const fromMs = instantOf(startWallMs, zone) - DAY_MS
    firstMs.set(zone, Math.min(fromMs, firstMs.get(zone) ?? fromMs))
  }
  return [...firstMs].flatMap(([zone, fromMs]) => zoneLines(zone, fromMs, nowMs))
}

function zoneOf(plan: WindowPlan): string {
  return zoneName(plan.timeZone) ?? plan.timeZone
}

function eventLines(occurrences: Occurrences, nowMs: number, dtstampMs: number, changes: Changes): string[] {
  const { plan, rule, startWallMs, lengthMs } = occurrences
  const zone = zoneOf(plan)
  const common = [
    `UID:${encodeURIComponent(plan.name.toWellFormed())}@vigia`,
    `DTSTAMP:${basicUtc(dtstampMs)}`,
    `SUMMARY:${escapeText(summary(plan))}`,
    `DESCRIPTION:${escapeText(description(plan))}`,
    `CATEGORIES:${plan.kind === 'freeze' ? 'FREEZE' : 'MAINTENANCE'}`,
    'TRANSP:TRANSPARENT',
  ]
  const event = (...lines: readonly string[]) => ['BEGIN:VEVENT', ...common, ...lines, 'END:VEVENT']

  if (rule === undefined) {
    const { epochMs: startMs, shifted } = resolve(startWallMs, zone)
    const planned = occurrenceOfStart(occurrences, localText(startWallMs))
    if (planned !== undefined && isCancelled(planned, changes)) return []
    const elapsedMs = plan.length.by === 'elapsed' ? startMs + lengthMs : instantOf(startWallMs + lengthMs, zone)
    const endMs = planned === undefined ? elapsedMs : asExtended(planned, changes).endMs
    const unclear = !shifted && !isPlain(startWallMs, zone)
    return event(
      unclear ? `DTSTART:${basicUtc(startMs)}` : localProperty('DTSTART', startMs, zone),
      `DURATION:${exactDuration(endMs - startMs)}`,
    )
  }
  const fromMs = Math.max(nowMs - KEPT_MS, startWallMs - 2 * DAY_MS)
  const { taken, absent } = datesBetween(occurrences, fromMs, Math.max(nowMs, startWallMs) + AHEAD_MS)
  const cancelled = new Set(cancelledFrom(occurrences, nowMs - KEPT_MS, changes).map(wallOf))
  const ends = new Map(extendedOf(occurrences, changes).map(each => [wallOf(each), each.endMs]))
  const odd = taken
    .map(date => ({ ...date, endMs: ends.get(date.wallMs) ?? date.endMs }))
    .filter(({ wallMs, startMs, endMs }) => {
      return !cancelled.has(wallMs) && (endMs - startMs !== lengthMs || !isPlain(wallMs, zone))
    })
  const except = [
    ...plan.exceptDates.map(date => parseLocal(date)!),
    ...absent.map(({ wallMs }) => wallMs),
    ...cancelled,
  ]
  return [
    ...event(
      wallProperty('DTSTART', startWallMs, zone),
      // Not DTEND: RFC 5545 3.8.5.3 would make the length of the first date, which may be an odd one, that of all.
      `DURATION:${exactDuration(lengthMs)}`,
      `RRULE:${ruleText(rule, plan.timeZone)}`,
      ...except.map(wallMs => wallProperty('EXDATE', wallMs, zone)),
    ),
    ...odd.flatMap(({ wallMs, startMs, endMs }) =>
      event(wallProperty('RECURRENCE-ID', wallMs, zone), `DTSTART:${basicUtc(startMs)}`, `DTEND:${basicUtc(endMs)}`),
    ),
  ]
}

function wallOf({ localStart }: Occurrence): number {
  return parseLocal(localStart)!
}

function summary({ kind, name }: WindowPlan): string {
  return kind === 'freeze' ? `Change freeze: ${name}` : `Maintenance: ${name}`
}

function description(plan: WindowPlan): string {
  return [plan.reason, `Scope: ${scopeWords(plan)}.`, `${effectWords(plan)}.`].filter(line => line !== '').join('\n')
}

function scopeWords({ scope }: WindowPlan): string {
  switch (scope.kind) {
    case 'everything':
      return 'everything'
    case 'pool':
      return `pool ${scope.pool}`
    case 'upstream':
      return `upstream ${scope.upstream} of pool ${scope.pool}`
    case 'route':
      return `route ${scope.route}`
  }
}

function effectWords({ kind, behaviour, scope }: WindowPlan): string {
  if (kind === 'freeze') return 'No configuration change and no drain'
  if (behaviour === 'answer' && scope.kind !== 'upstream') return 'Users see a maintenance page'
  return scope.kind === 'upstream' ? 'Other upstreams take over' : 'Its upstreams are out of service'
}

/** The rule as RFC 5545 wants it beside a DTSTART with a zone: UNTIL in UTC. */
function ruleText(rule: RecurrenceRule, timeZone: string): string {
  const { until } = rule
  const untilMs = until?.by === 'instant' ? until.epochMs : until && instantOf(until.wallMs, timeZone)
  const list = (name: string, items: readonly (string | number)[]) =>
    items.length ? [`${name}=${items.join(',')}`] : []
  return [
    `FREQ=${rule.frequency}`,
    ...(untilMs === undefined ? [] : [`UNTIL=${basicUtc(untilMs)}`]),
    ...(rule.count === undefined ? [] : [`COUNT=${rule.count}`]),
    ...(rule.interval === 1 ? [] : [`INTERVAL=${rule.interval}`]),
    ...list('BYMINUTE', rule.byMinute),
    ...list('BYHOUR', rule.byHour),
    ...list('BYDAY', rule.byDay),
    ...list('BYMONTHDAY', rule.byMonthDay),
    ...list('BYYEARDAY', rule.byYearDay),
    ...list('BYWEEKNO', rule.byWeekNo),
    ...list('BYMONTH', rule.byMonth),
    ...list('BYSETPOS', rule.bySetPos),
    ...(rule.weekStart === 'MO' ? [] : [`WKST=${rule.weekStart}`]),
  ].join(';')
}
