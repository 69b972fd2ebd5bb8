// vigia audit: prints who changed what, when and why, as a running vigia has it in its store.

import type { AuditReport, Rows } from '../../admin/contract/history.ts'
import { ASKED } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { hereZone, localTimeWithOffset, withLocalTimes } from '../words/times.ts'
import { fetchJson } from './client/admin-client.ts'
import { failed } from './operate.ts'

export interface AuditOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
  /** A time, or how long ago. */
  readonly since?: string
  readonly until?: string
  readonly actor?: string
  readonly subject?: string
  readonly action?: string
  /** Most rows. */
  readonly limit: string
}

/** Resolves with the exit code. */
export async function audit({ admin, json, ...query }: AuditOptions): Promise<number> {
  try {
    const page = (await fetchJson(admin, `/audit?${queryText(query)}`)) as Rows<AuditReport>
    if (json) console.log(JSON.stringify(page, null, 2))
    else for (const line of auditLines(page, hereZone())) console.log(line)
    return ASKED.done
  } catch (error) {
    return failed('audit', error)
  }
}

export function queryText(query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return new URLSearchParams(given).toString()
}

/** The oldest first: what one reads last is what happened last. */
export function auditLines({ rows, next }: Rows<AuditReport>, zone: string): string[] {
  if (rows.length === 0) return ['nothing of that kind is in the audit']
  const lines = [...rows].reverse().map(({ seq, at, actor, source, action, subject, reason }) => {
    const who = actor === source ? actor : `${actor} (${source})`
    const why = reason === '' ? '' : `: ${withLocalTimes(reason, zone)}`
    return printable(`${seq}  ${localTimeWithOffset(at, zone)}  ${action} ${subject} by ${who}${why}`)
  })
  return next === null ? lines : [`(older rows: --limit, or --until ${rows.at(-1)!.at})`, ...lines]
}
