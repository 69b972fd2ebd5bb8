// How a drain stands, as the admin API shows it.

import type { DrainReport } from '../../admin/contract/upstreams.ts'
import { iso } from '../../util/words.ts'
import type { Drain } from '../upstreams/drain-watch.ts'

/** Null where the upstream is not being drained. */
export function drainReport(drain: Drain | undefined): DrainReport | null {
  if (drain === undefined) return null
  const { sinceMs, by, reason, deadlineMs, remaining, freeMs } = drain
  return {
    since: iso(sinceMs),
    by,
    reason,
    deadline: deadlineMs === undefined ? null : iso(deadlineMs),
    remaining,
    freeAt: freeMs === undefined ? null : iso(freeMs),
  }
}
