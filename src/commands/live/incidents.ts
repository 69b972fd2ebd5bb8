// vigia incidents: prints when an upstream, a pool or vigia itself was not available: for how long, why, and how many requests failed.

import type { IncidentReport, Rows } from '../../admin/contract/history.ts'
import { formatAge } from '../../util/words.ts'
import { ASKED } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { hereZone, localTimeWithOffset, withLocalTimes } from '../words/times.ts'
import { queryText } from './audit.ts'
import { fetchJson } from './client/admin-client.ts'
import { failed } from './operate.ts'

export interface IncidentsOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
  /** A time, or how long ago. */
  readonly since?: string
  readonly until?: string
  readonly pool?: string
  /** Only those that last. */
  readonly open?: boolean
  /** Most rows. */
  readonly limit: string
}

/** Resolves with the exit code. */
export async function incidents({ admin, json, open, ...query }: IncidentsOptions): Promise<number> {
  try {
    const asked = queryText({ ...query, open: open === true ? 'true' : undefined })
    const page = (await fetchJson(admin, `/incidents?${asked}`)) as Rows<IncidentReport>
    if (json) console.log(JSON.stringify(page, null, 2))
    else for (const line of incidentLines(page, Date.now(), hereZone())) console.log(line)
    return ASKED.done
  } catch (error) {
    return failed('incidents', error)
  }
}

/** The oldest first: what one reads last is what happened last. */
export function incidentLines({ rows, next }: Rows<IncidentReport>, nowMs: number, zone: string): string[] {
  if (rows.length === 0) return ['there was no incident']
  const lines = [...rows].reverse().map(({ at, end, pool, upstream, kind, cause, failed: requests }) => {
    const place =
      kind === 'vigia-down' ? 'vigia did not run' : upstream === null ? `pool ${pool}` : `${pool}/${upstream}`
    const length =
      end === null ? `LASTS, for ${formatAge(nowMs - Date.parse(at))}` : formatAge(Date.parse(end) - Date.parse(at))
    const cost = requests === null ? '' : `, ${requests} ${requests === 1 ? 'request' : 'requests'} failed`
    return printable(`${localTimeWithOffset(at, zone)}  ${place}: ${length}${cost}: ${withLocalTimes(cause, zone)}`)
  })
  return next === null ? lines : [`(older ones: --limit, or --until ${rows.at(-1)!.at})`, ...lines]
}
