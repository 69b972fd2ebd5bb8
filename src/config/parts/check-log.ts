// Cross-checks of the access log: rules that have no effect.

import { DEFAULTS } from '../defaults.ts'
import { type Finding, warning } from '../read/problem.ts'
import type { ConfigDocument } from '../schema.ts'
import { parseShare } from '../units.ts'

export function* checkLog(log: ConfigDocument['accessLog']): Iterable<Finding> {
  if (typeof log !== 'object' || parseShare(log.sample ?? DEFAULTS.accessLog.sample) !== 1) return
  for (const key of ['slowerThan', 'errors'] as const) {
    if (log[key] !== undefined)
      yield warning(['accessLog', key], 'has no effect without `sample`: every request gets its line', 'key')
  }
}
