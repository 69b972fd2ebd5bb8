// Compiles one maintenance window: its scope, its defaults, its units. Pure, like compile.ts, but never throws: the cross-checks
// compile a window to look at its calendar, whatever else is wrong with it.

import type { WindowPlan, WindowScope } from '../../plan/window.ts'
import { DEFAULTS } from '../defaults.ts'
import { parseDuration } from '../units.ts'
import type { WindowDocument } from './schema-maintenance.ts'

type Files = ReadonlyMap<string, string>

/** @param files contents of the files that the document names */
export function compileWindow(window: WindowDocument, files: Files): WindowPlan {
  const { name, freeze, reason, timeZone, start, duration, end, repeat, except, lead } = window
  const scope = scopeOf(window)
  return {
    name,
    kind: freeze === true ? 'freeze' : 'maintenance',
    reason: reason ?? '',
    timeZone,
    start,
    length:
      duration === undefined
        ? { by: 'wall-clock', end: end ?? start }
        : { by: 'elapsed', ms: parseDuration(duration)! },
    recurrence: repeat,
    exceptDates: (except ?? []).map(date => (DATE.test(date) ? `${date}${timeOf(start)}` : date)),
    scope,
    behaviour: window.behaviour ?? (scope.kind === 'upstream' ? 'drain' : 'answer'),
    leadMs: parseDuration(lead ?? DEFAULTS.maintenance.lead)!,
    overrun: window.overrun ?? DEFAULTS.maintenance.overrun,
    onlyWhenHealthy: window.onlyWhenHealthy ?? DEFAULTS.maintenance.onlyWhenHealthy,
    bypass: { addresses: window.bypass?.addresses ?? [], header: headerOf(window, files) },
  }
}

const DATE = /^\d{4}-\d\d-\d\d$/

function timeOf(start: string): string {
  return start.includes('T') ? start.slice(start.indexOf('T')) : ''
}

function scopeOf({ pool, upstream, route }: WindowDocument): WindowScope {
  if (pool !== undefined) return { kind: 'pool', pool }
  if (upstream !== undefined) {
    const slash = upstream.indexOf('/')
    return { kind: 'upstream', pool: upstream.slice(0, Math.max(0, slash)), upstream: upstream.slice(slash + 1) }
  }
  return route === undefined ? { kind: 'everything' } : { kind: 'route', route }
}

function headerOf({ bypass }: WindowDocument, files: Files): WindowPlan['bypass']['header'] {
  if (bypass?.header === undefined) return undefined
  const { name, value, valueFile } = bypass.header
  return { name: name.toLowerCase(), value: value ?? files.get(valueFile ?? '') ?? '' }
}
