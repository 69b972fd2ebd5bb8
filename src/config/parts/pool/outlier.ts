// Passive health: what ejects an upstream on which requests fail, for how long, and how it returns.

import Type, { type Static } from 'typebox'
import type { OutlierPlan } from '../../../plan/pool.ts'
import type { Otherwises } from '../../forms/otherwise.ts'
import { error, type Finding, type Path, warning } from '../../forms/problem.ts'
import { described, duration, integer, section, share } from '../../forms/schema-blocks.ts'
import { parseDuration, parseShare } from '../../forms/units.ts'

const DEFAULTS = {
  consecutiveFailures: 5,
  consecutiveGatewayErrors: 0,
  window: '30s',
  minRequests: 20,
  latencyAbove: '1s',
  ejection: '30s',
  maxEjection: '5m',
  maxEjected: '50%',
  probation: { share: '10%', successes: 5 },
} as const

const minRequests = (what: string) =>
  Type.Optional(
    integer(1, 1_000_000, `Fewest answers within the window from which ${what} is judged.`, DEFAULTS.minRequests),
  )

const rules = section(
  {
    consecutiveFailures: Type.Optional(
      integer(
        0,
        1000,
        'Transport failures (connect, reset, timeout) in a row, without an answer between them, that eject. Where requests had been sent, one client (an IPv4 address, an IPv6 /64) counts for at most half of the row, and a request that has failed in the same way on another upstream not at all: it may itself be why. Behind a NAT, or a proxy that trustedProxies lacks, all users are one client. 0 = not judged.',
        DEFAULTS.consecutiveFailures,
      ),
    ),
    consecutiveGatewayErrors: Type.Optional(
      integer(
        0,
        1000,
        'Answers 502, 503 or 504 in a row that eject. 0 = not judged.',
        DEFAULTS.consecutiveGatewayErrors,
      ),
    ),
    serverErrors: Type.Optional(
      section(
        {
          share: share(
            'Share of 5xx among the answers within the window from which on an upstream is ejected.',
            undefined,
          ),
          minRequests: minRequests('the share'),
        },
        'Ejects on many 5xx answers. Default: not judged, for a 500 may be what the ERP meant.',
      ),
    ),
    latency: Type.Optional(
      section(
        {
          factor: Type.Number({
            minimum: 1.5,
            maximum: 1000,
            title: 'a number from 1.5 to 1000',
            description:
              "Ejects an upstream whose mean time to the first byte is more than this times the median of the pool's other upstreams.",
          }),
          above: Type.Optional(
            duration(
              'Duration. A mean up to this is never too slow.',
              DEFAULTS.latencyAbove,
              'judges by the factor alone',
            ),
          ),
          minRequests: minRequests('the time'),
        },
        'Ejects what is much slower than the others. Default: not judged.',
      ),
    ),
    window: Type.Optional(duration('Duration. Over which `serverErrors` and `latency` are judged.', DEFAULTS.window)),
    ejection: Type.Optional(
      duration(
        'Duration. How long the first ejection lasts; the second twice as long, and so on. Each such time without one forgets one.',
        DEFAULTS.ejection,
      ),
    ),
    maxEjection: Type.Optional(duration('Duration. The longest ejection.', DEFAULTS.maxEjection)),
    maxEjected: Type.Optional(
      share(
        "Most of the pool's upstreams that are ejected at once; one always may be, the last one that could serve never is.",
        DEFAULTS.maxEjected,
      ),
    ),
    probation: Type.Optional(
      section(
        {
          share: Type.Optional(
            share('Share of its weight that an upstream gets after an ejection.', DEFAULTS.probation.share),
          ),
          successes: Type.Optional(
            integer(1, 1000, 'Requests that must go well before it gets all of it.', DEFAULTS.probation.successes),
          ),
        },
        'The trial after an ejection; one failure ends it with the next ejection.',
      ),
    ),
  },
  'When and how.',
  { title: 'a mapping with its rules' },
)

export const outlierSchema = Type.Union([Type.Literal('off'), Type.Literal(false), rules], {
  title: '"off", or a mapping with its rules',
  ...described(
    `Passive health: takes out an upstream on which requests fail, whatever its probes say; off = never. Default: ${DEFAULTS.consecutiveFailures} failures in a row, ${DEFAULTS.ejection}.`,
    undefined,
  ),
})

export type OutlierDocument = Static<typeof outlierSchema>

/** @param upstreams of the pool */
export function* checkOutlier(
  outlier: OutlierDocument | undefined,
  upstreams: readonly unknown[],
  at: Path,
): Iterable<Finding> {
  if (typeof outlier !== 'object') return
  const { consecutiveFailures, consecutiveGatewayErrors, serverErrors, latency } = outlier
  const judgesRows = (consecutiveFailures ?? DEFAULTS.consecutiveFailures) + (consecutiveGatewayErrors ?? 0) > 0
  if (!judgesRows && serverErrors === undefined && latency === undefined) {
    yield error(at, 'nothing is judged: set consecutiveFailures or another rule, or write outlier: off', 'key')
  }
  const { ejection = DEFAULTS.ejection, maxEjection = DEFAULTS.maxEjection } = outlier
  if (parseDuration(maxEjection)! < parseDuration(ejection)!) {
    const key = outlier.maxEjection === undefined ? 'ejection' : 'maxEjection'
    yield error([...at, key], `the longest ejection (${maxEjection}) is shorter than the first one (${ejection})`)
  }
  if (outlier.window !== undefined && serverErrors === undefined && latency === undefined) {
    yield warning([...at, 'window'], 'has no effect: only serverErrors and latency are judged over a window', 'key')
  }
  if (upstreams.length > 1) return
  if (latency !== undefined) {
    yield error([...at, 'latency'], 'compares an upstream with the others: the pool needs at least two', 'key')
  } else yield warning(at, 'has no effect: the only upstream of a pool is never ejected', 'key')
}

export function compileOutlier(outlier: OutlierDocument | undefined): OutlierPlan | undefined {
  if (outlier === 'off' || outlier === false) return undefined
  const rules = outlier ?? {}
  const { serverErrors, latency, probation } = rules
  return {
    consecutiveFailures: rules.consecutiveFailures ?? DEFAULTS.consecutiveFailures,
    consecutiveGatewayErrors: rules.consecutiveGatewayErrors ?? DEFAULTS.consecutiveGatewayErrors,
    serverErrors: serverErrors && {
      share: parseShare(serverErrors.share)!,
      minRequests: serverErrors.minRequests ?? DEFAULTS.minRequests,
    },
    latency: latency && {
      factor: latency.factor,
      aboveMs: parseDuration(latency.above ?? DEFAULTS.latencyAbove)!,
      minRequests: latency.minRequests ?? DEFAULTS.minRequests,
    },
    windowMs: parseDuration(rules.window ?? DEFAULTS.window)!,
    ejectionMs: parseDuration(rules.ejection ?? DEFAULTS.ejection)!,
    longestEjectionMs: parseDuration(rules.maxEjection ?? DEFAULTS.maxEjection)!,
    maxEjected: parseShare(rules.maxEjected ?? DEFAULTS.maxEjected)!,
    probation: {
      share: parseShare(probation?.share ?? DEFAULTS.probation.share)!,
      successes: probation?.successes ?? DEFAULTS.probation.successes,
    },
  }
}

/** On without a word. */
export const OTHERWISE_IN_OUTLIER: Otherwises = { 'pools.*.outlier': () => ({ value: {}, by: 'default' }) }
