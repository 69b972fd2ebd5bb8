// What is logged: vigia's own log; the access log, where its lines go, and which requests get one.

import Type, { type Static } from 'typebox'
import type { AccessLogPlan, LogPlan, LogSampling } from '../../plan/log.ts'
import { isBelow } from '../../util/paths.ts'
import type { LongForms } from '../forms/otherwise.ts'
import { type Finding, warning } from '../forms/problem.ts'
import { described, duration, section, share, text } from '../forms/schema-blocks.ts'
import { parseDuration, parseShare } from '../forms/units.ts'

const LEVEL = 'info'
const SAMPLING = { sample: '100%', slowerThan: '2s', errors: 'always' } as const

export const accessLogSchema = Type.Union(
  [
    Type.Boolean(),
    section(
      {
        path: Type.Optional(
          text(
            'a file path',
            'File to append to, relative to the configuration file; in a folder of `admin.files` it must be no link, and is made with mode 0600; opened again on SIGUSR1, SIGHUP and each reload. Default: standard output.',
          ),
        ),
        sample: Type.Optional(
          share(
            'Share of all requests that get a line, drawn by their request id. Effect: less than 100% leaves out the rest of what went well and fast.',
            SAMPLING.sample,
            'none, but those that `slowerThan` and `errors` keep',
          ),
        ),
        slowerThan: Type.Optional(
          duration(
            'Duration. With `sample`: a request that took longer always gets a line.',
            SAMPLING.slowerThan,
            'how long it took does not matter',
          ),
        ),
        errors: Type.Optional(
          Type.Union([Type.Literal('always'), Type.Literal('sampled')], {
            title: 'one of always, sampled',
            ...described(
              'With `sample`: whether a request always gets a line in which something went wrong: a 5xx, a retry, an answer that was cut or never came. What clients do wrong (4xx) and planned maintenance count as ordinary.',
              SAMPLING.errors,
            ),
          }),
        ),
      },
      'Access log in a file, or of a part of the requests.',
      { title: 'a mapping with `path`, `sample`, `slowerThan` or `errors`' },
    ),
  ],
  {
    title: 'true, false, or { path: FILE }',
    ...described(
      'One line of JSON per request: true = to standard output, { path: FILE } = to a file. Never query values, cookies, credentials or bodies.',
      false,
    ),
  },
)

export const logSchema = section(
  {
    level: Type.Optional(
      Type.Union(
        [
          Type.Literal('fatal'),
          Type.Literal('error'),
          Type.Literal('warn'),
          Type.Literal('info'),
          Type.Literal('debug'),
        ],
        {
          title: 'one of fatal, error, warn, info, debug',
          ...described('Least severe messages that are logged.', LEVEL),
        },
      ),
    ),
  },
  "vigia's own log.",
)

type AccessLogDocument = Static<typeof accessLogSchema>
type LogDocument = Static<typeof logSchema>

/** Rules that have no effect. */
export function* checkAccessLog(log: AccessLogDocument | undefined): Iterable<Finding> {
  if (typeof log !== 'object' || parseShare(log.sample ?? SAMPLING.sample) !== 1) return
  for (const key of ['slowerThan', 'errors'] as const) {
    if (log[key] !== undefined)
      yield warning(['accessLog', key], 'has no effect without `sample`: every request gets its line', 'key')
  }
}

export function compileLog(log: LogDocument | undefined): LogPlan {
  return { level: log?.level ?? LEVEL }
}

export function compileAccessLog(
  log: AccessLogDocument | undefined,
  resolvePath: (path: string) => string,
  grantedFolders: readonly string[],
): AccessLogPlan {
  if (typeof log !== 'object') return { enabled: log ?? false, destination: 'stdout' }
  const destination = log.path === undefined ? 'stdout' : resolvePath(log.path)
  const sampling = samplingOf(log)
  return {
    enabled: true,
    destination,
    ...(grantedFolders.some(folder => isBelow(folder, destination)) ? { guarded: true } : {}),
    ...(sampling === undefined ? {} : { sampling }),
  }
}

/** Undefined = every request gets its line. */
function samplingOf(log: AccessLogDocument & object): LogSampling | undefined {
  const { sample, slowerThan, errors } = { ...SAMPLING, ...log }
  const share = parseShare(sample)!
  if (share === 1) return undefined
  return { share, slowerThanMs: parseDuration(slowerThan)! || Number.POSITIVE_INFINITY, errors: errors === 'always' }
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_LOG = {
  'accessLog.destination': 'accessLog.path',
  'accessLog.sampling.share': 'accessLog.sample',
  'accessLog.sampling.slowerThanMs': 'accessLog.slowerThan',
  'accessLog.sampling.errors': 'accessLog.errors',
}

export const LONG_FORMS_OF_LOG: LongForms = { accessLog: short => (short === true ? {} : undefined) }
