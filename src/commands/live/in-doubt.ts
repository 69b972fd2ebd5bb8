// vigia in-doubt: lists the unsafe requests whose fate is unknown, and says what became of one.

import type { InDoubtEntry, InDoubtReport, ResolutionReport } from '../../admin/contract/in-doubt.ts'
import { ASKED } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { hereZone, localTimeWithOffset } from '../words/times.ts'
import { userName } from '../words/user-name.ts'
import { fetchJson, postChange } from './client/admin-client.ts'
import { failed } from './operate.ts'

interface Options {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
}

export interface ListOptions extends Options {
  /** Also those that are settled. */
  readonly all: boolean
}

export interface ResolveOptions extends Options {
  readonly as: ResolutionReport['resolution']
  readonly note?: string
  readonly by?: string
}

/** Resolves with the exit code. */
export async function listInDoubt({ admin, json, all }: ListOptions): Promise<number> {
  try {
    const report = (await fetchJson(admin, '/in-doubt')) as InDoubtReport
    const records = report.records.filter(({ resolved }) => all || resolved === null)
    if (json) console.log(JSON.stringify({ ...report, records }, null, 2))
    else for (const line of inDoubtLines(report, records, hereZone())) console.log(line)
    return ASKED.done
  } catch (error) {
    return failed('in-doubt list', error)
  }
}

/** Resolves with the exit code; where it is 0, it is settled. */
export async function resolveInDoubt(requestId: string, options: ResolveOptions): Promise<number> {
  const { admin, json, as: resolution, note, by = userName() } = options
  try {
    const body = { resolution, by, ...(note === undefined ? {} : { note }) }
    const answer = (await postChange(admin, `/in-doubt/${encodeURIComponent(requestId)}`, body)) as InDoubtReport
    if (json) console.log(JSON.stringify(answer, null, 2))
    else for (const record of answer.records) console.log(describe(record, hereZone()).join('\n'))
    return ASKED.done
  } catch (error) {
    return failed(`in-doubt resolve ${requestId}`, error)
  }
}

export function inDoubtLines(
  { total, dropped, open }: InDoubtReport,
  records: readonly InDoubtEntry[],
  zone: string,
): string[] {
  const lost = dropped === 0 ? '' : `; the oldest ${dropped} are no longer kept (the log has them)`
  const summary = `${open} in doubt, ${total} since the start${lost}`
  if (records.length === 0) return [summary]
  return [
    ...records.flatMap(record => describe(record, zone)),
    summary,
    'Find out in the ERP what became of each, then: vigia in-doubt resolve ID --as done|not-done --note TEXT',
  ]
}

function describe(record: InDoubtEntry, zone: string): string[] {
  const { at, requestId, method, path, pool, upstream, client, idempotencyKey, cause, resolved } = record
  const key = idempotencyKey === null ? '' : `, Idempotency-Key ${idempotencyKey}`
  return [
    `${localTimeWithOffset(at, zone)}  ${requestId}  ${method} ${path}`,
    `    ${pool}/${upstream}, client ${client}${key}: ${cause}`,
    ...(resolved === null
      ? []
      : [
          `    ${resolved.resolution}, by ${resolved.by} at ${localTimeWithOffset(resolved.at, zone)}${resolved.note === '' ? '' : `: ${resolved.note}`}`,
        ]),
  ].map(printable)
}
