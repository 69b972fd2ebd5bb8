// Whether the clock is right, and what the zones of windows are computed with. Pure: what the machine says comes as arguments.

import { type Finding, found, ok } from './finding.ts'

export interface ClockFacts {
  /** What `timedatectl` says, or the mark that systemd-timesyncd leaves; undefined = nobody says. */
  readonly synchronised: boolean | undefined
  /** Of the machine's own zones, e.g. `2026b`; undefined = it has none. */
  readonly systemZones: string | undefined
  /** Of the runtime's, which count for windows. */
  readonly ownZones: string
  /** Zones of the windows. */
  readonly zones: readonly string[]
}

export function clockFindings({ synchronised, systemZones, ownZones, zones }: ClockFacts): Finding[] {
  return [synchronisedFinding(synchronised), zonesFinding(systemZones, ownZones, zones)]
}

function synchronisedFinding(synchronised: boolean | undefined): Finding {
  const advice = 'timedatectl set-ntp true (or chrony); windows, certificates and tokens go by the clock'
  if (synchronised === undefined)
    return found('note', 'clock', 'whether the clock is synchronised can not be seen here', advice)
  return synchronised
    ? ok('clock', 'the clock is synchronised')
    : found('warning', 'clock', 'the clock is not synchronised with any server', advice)
}

function zonesFinding(system: string | undefined, own: string, zones: readonly string[]): Finding {
  const what = `time zones: vigia has those of ${own}${system === undefined ? '' : `, this machine those of ${system}`}`
  // `2025b` is before `2026a`.
  if (system === undefined || own >= system) return ok('time zones', what)
  const affected = zones.length === 0 ? '' : ` (windows use ${[...new Set(zones)].join(', ')})`
  const severity = zones.length === 0 ? 'note' : 'warning'
  return found(
    severity,
    'time zones',
    `${what}, which are newer${affected}`,
    'a newer vigia, or Node.js, has newer ones; look at vigia maintenance list where a zone has changed',
  )
}
