// The words for maintenance windows on the terminal: local time of the window, and how far away that is. Pure text; prints nothing.

import type {
  CancelledReport,
  MaintenanceSummary,
  OccurrenceReport,
  WindowNow,
  WindowReport,
} from '../../admin/contract/maintenance.ts'
import { formatAge, printable } from './text.ts'

/** What a window does now, in a line. */
export function windowLine(window: WindowNow, nowMs: number): string {
  const { name, scope, problem, extended } = window
  const kind = window.kind === 'freeze' ? 'freeze' : 'window'
  const wrong = problem === null ? '' : `; ${printable(problem)}`
  const more = extended === null ? '' : `, extended by ${printable(extended.by)}: ${printable(extended.reason)}`
  return `${kind} ${printable(name)} (${printable(scope)}) ${stateWords(window, nowMs)}${more}${wrong}`
}

function stateWords(window: WindowNow, nowMs: number): string {
  const { status, occurrence, waitingFor, kind } = window
  if (occurrence === null) return 'has no date to come'
  switch (status) {
    case 'scheduled':
      return `is next ${startWords(occurrence, nowMs)}`
    case 'lead-in':
      return `drains, and begins ${startWords(occurrence, nowMs)}`
    case 'active':
      return `${kind === 'freeze' ? 'is in force: no changes' : 'is in force'}, until ${endWords(occurrence, nowMs)}`
    case 'overrun':
      return waitingFor === 'probes'
        ? `ended ${endWords(occurrence, nowMs)}, and stays closed until probes pass`
        : `ended ${endWords(occurrence, nowMs)}, and stays closed until: vigia maintenance confirm ${JSON.stringify(window.name)} --reason TEXT`
    case 'postponed':
      return `is POSTPONED: too few upstreams would be left; planned ${startWords(occurrence, nowMs)}, until ${endWords(occurrence, nowMs)}`
    case 'over':
      return window.since === null ? 'is over' : `is over, since ${distance(window.since, nowMs).replace(' ago', '')}`
  }
}

/** A window with its dates to come, for `maintenance list`. */
export function windowLines(window: WindowReport, nowMs: number): string[] {
  const { source, by, reason, next, cancelled, status, name } = window
  const made = source === 'file' ? 'from the configuration' : `made by ${printable(by ?? 'somebody')}`
  const about = reason === '' ? made : `${printable(reason)} (${made})`
  const rest = status === 'scheduled' ? next.slice(1) : next
  return [
    windowLine(window, nowMs),
    `    ${about}`,
    ...rest.map(each => `    then ${span(each)}${each.shifted ? ', moved by the clock change' : ''}`),
    ...cancelled.map(each => `    cancelled: ${span(each)}${whoWords(each)}`),
    ...(cancelled.length === 0
      ? []
      : [`    undo that with: vigia maintenance uncancel ${JSON.stringify(name)} --reason TEXT`]),
  ]
}

function whoWords({ by, reason }: CancelledReport): string {
  return by === null ? '' : `, by ${printable(by)}: ${printable(reason ?? '')}`
}

export function upcomingLine(each: OccurrenceReport, nowMs: number): string {
  const isNow = Date.parse(each.start) <= nowMs
  const when = isNow ? 'now' : `in ${formatAge(Date.parse(each.start) - nowMs)}`
  return `${span(each)}  ${when}  ${each.kind === 'freeze' ? 'freeze ' : ''}${printable(each.window)}  ${printable(each.scope)}`
}

/** Below the table of `vigia status`. */
export function summaryLines({ active, next }: MaintenanceSummary, nowMs: number): string[] {
  const lines = active.map(window => `Maintenance: ${windowLine(window, nowMs)}.`)
  if (next !== null)
    lines.push(`Next maintenance: ${printable(next.window)} (${printable(next.scope)}), ${startWords(next, nowMs)}.`)
  return lines
}

/** `2026-12-06 02:00 to 06:00 (America/Sao_Paulo)` */
function span({ localStart, localEnd, timeZone }: OccurrenceReport): string {
  const [start, end] = [wall(localStart), wall(localEnd)]
  const sameDay = start.slice(0, 10) === end.slice(0, 10)
  return `${start} to ${sameDay ? end.slice(11) : end} (${timeZone})`
}

function startWords({ localStart, start, timeZone }: OccurrenceReport, nowMs: number): string {
  return `${wall(localStart)} (${timeZone}), ${distance(start, nowMs)}`
}

function endWords({ localEnd, end, timeZone }: OccurrenceReport, nowMs: number): string {
  return `${wall(localEnd)} (${timeZone}), ${distance(end, nowMs)}`
}

function distance(at: string, nowMs: number): string {
  const ms = Date.parse(at) - nowMs
  return ms >= 0 ? `in ${formatAge(ms)}` : `${formatAge(-ms)} ago`
}

/** `2026-12-06T02:00-03:00` without its offset. */
function wall(local: string): string {
  return local.slice(0, 16).replace('T', ' ')
}
