// Compiles the access log: where its lines go, and which requests get one.

import type { AccessLogPlan, LogSampling } from '../../plan/log.ts'
import { DEFAULTS } from '../defaults.ts'
import type { ConfigDocument } from '../schema.ts'
import { parseDuration, parseShare } from '../units.ts'

type AccessLogDocument = ConfigDocument['accessLog']

export function compileAccessLog(log: AccessLogDocument, resolvePath: (path: string) => string): AccessLogPlan {
  if (typeof log !== 'object') return { enabled: log ?? false, destination: 'stdout' }
  const destination = log.path === undefined ? 'stdout' : resolvePath(log.path)
  const sampling = samplingOf(log)
  return { enabled: true, destination, ...(sampling === undefined ? {} : { sampling }) }
}

/** Undefined = every request gets its line. */
function samplingOf(log: AccessLogDocument & object): LogSampling | undefined {
  const { sample, slowerThan, errors } = { ...DEFAULTS.accessLog, ...log }
  const share = parseShare(sample)!
  if (share === 1) return undefined
  return { share, slowerThanMs: parseDuration(slowerThan)! || Number.POSITIVE_INFINITY, errors: errors === 'always' }
}
