// What GET /in-doubt says of requests whose fate is unknown. Reads only.

import type { InDoubtReport, ResolutionReport } from '../../admin/contract/in-doubt.ts'
import { iso } from '../../util/words.ts'
import type { InDoubtList, Resolved } from '../workers/in-doubt-list.ts'

export function inDoubtReport(list: InDoubtList, limit = Infinity): InDoubtReport {
  const records = list.newest(limit).map(({ atMs, idempotencyKey, resolved, ...record }) => ({
    at: iso(atMs),
    ...record,
    idempotencyKey: idempotencyKey ?? null,
    resolved: resolved === undefined ? null : reportResolved(resolved),
  }))
  return { total: list.total, dropped: list.dropped, open: list.open, records }
}

function reportResolved({ resolution, note, by, atMs }: Resolved): ResolutionReport {
  return { resolution, note, by, at: iso(atMs) }
}
