// The active health check of a pool's upstreams: what sort of probe, and when. What an HTTP probe asks is http-probe.ts.

import Type, { type Static } from 'typebox'
import type { HealthPlan, ProbeTiming } from '../../../plan/health.ts'
import type { Contents, NamedFile } from '../../forms/named-file.ts'
import { type Around, derived, type LongForms, type Otherwises } from '../../forms/otherwise.ts'
import { error, type Finding, type Path } from '../../forms/problem.ts'
import { described, duration, integer, number, section } from '../../forms/schema-blocks.ts'
import { formatDuration, parseDuration } from '../../forms/units.ts'
import { checkHttpProbe, compileHttpProbe, httpProbeFiles, httpProbeKeys, RENAMED_IN_PROBE } from './http-probe.ts'

const DEFAULTS = { interval: '2s', timeout: '1s', rise: 2, fall: 3, jitter: 0.1 } as const
/** Asks more often while unsure, less often when down for long. */
const UNSURE_SHARE = 1 / 4
const DOWN_FACTOR = 5

const probe = section(
  {
    type: Type.Optional(
      Type.Union([Type.Literal('http'), Type.Literal('tcp')], {
        title: '"http" or "tcp"',
        description:
          'What a probe does: `http` sends a request and judges the answer, `tcp` only connects (with TLS for an https upstream; whether the upstream would ask for a client certificate stays unseen, as TLS 1.3 completes the handshake before that). Default: http where a key of an HTTP probe is present, else tcp.',
      }),
    ),
    ...httpProbeKeys,
    interval: Type.Optional(
      duration('Duration. From the start of one probe of an upstream to the next.', DEFAULTS.interval),
    ),
    timeout: Type.Optional(
      duration(
        'Duration. A probe that has no complete answer by then has failed; not longer than `interval`. The default is shortened to `interval` where that is shorter.',
        DEFAULTS.timeout,
      ),
    ),
    rise: Type.Optional(
      integer(
        1,
        100,
        'Probes that must succeed in a row before an unhealthy upstream counts as healthy.',
        DEFAULTS.rise,
      ),
    ),
    fall: Type.Optional(
      integer(1, 100, 'Probes that must fail in a row before a healthy upstream counts as unhealthy.', DEFAULTS.fall),
    ),
    jitter: Type.Optional(
      number(
        0,
        1,
        'Share of the interval by which each probe is moved at random, so that probes do not arrive in step.',
        DEFAULTS.jitter,
      ),
    ),
    unsureInterval: Type.Optional(
      duration(
        'Duration. Interval while a streak of results has begun but not yet decided. Default: a quarter of `interval`.',
        undefined,
      ),
    ),
    downInterval: Type.Optional(
      duration(
        'Duration. Interval for an upstream that has been unhealthy for a long time. Default: five times `interval`.',
        undefined,
      ),
    ),
  },
  'How each upstream is probed.',
)

export const healthSchema = Type.Union([Type.Literal('off'), Type.Literal(false), Type.Literal('tcp'), probe], {
  title: '"off", "tcp", or a mapping that describes the probe',
  ...described(
    'Active health check of every upstream of the pool: `off` trusts all upstreams, `tcp` connects, a mapping describes a probe. Effect: an upstream whose probes fail gets no work.',
    'tcp',
  ),
})

type HealthDocument = Static<typeof healthSchema>
type ProbeDocument = Static<typeof probe>
const HTTP_KEYS = Object.keys(httpProbeKeys) as (keyof typeof httpProbeKeys)[]

export function* checkHealth(health: HealthDocument | undefined, at: Path): Iterable<Finding> {
  if (typeof health !== 'object') return
  yield* checkTimes(health, at)
  if (kindOf(health) === 'http') yield* checkHttpProbe(health, at)
  else {
    for (const key of HTTP_KEYS) {
      if (health[key] !== undefined)
        yield error([...at, key], 'a tcp probe sends no request: remove this key, or use type: http', 'key')
    }
  }
}

function* checkTimes(health: ProbeDocument, at: Path): Iterable<Finding> {
  const { intervalMs, timeoutMs, unsureIntervalMs, downIntervalMs } = probeTimes(health)
  const interval = `the interval of ${formatDuration(intervalMs)}`
  if (timeoutMs > intervalMs) {
    yield error(
      [...at, 'timeout'],
      `${formatDuration(timeoutMs)} is longer than ${interval}: probes of one upstream would overlap`,
    )
  }
  if (unsureIntervalMs > intervalMs) {
    yield error(
      [...at, 'unsureInterval'],
      `${formatDuration(unsureIntervalMs)} is longer than ${interval}: it is meant to settle doubts sooner`,
    )
  }
  if (downIntervalMs < intervalMs) {
    yield error(
      [...at, 'downInterval'],
      `${formatDuration(downIntervalMs)} is shorter than ${interval}: it is meant to spare an upstream that has been down for long`,
    )
  }
}

export function* healthFiles(health: HealthDocument | undefined, at: Path): Iterable<NamedFile> {
  if (typeof health === 'object') yield* httpProbeFiles(health, at)
}

export function compileHealth(health: HealthDocument = 'tcp', files: Contents): HealthPlan {
  if (health === 'off' || health === false) return { kind: 'none' }
  if (health === 'tcp') return { kind: 'tcp', ...probeTimes({}) }
  if (kindOf(health) === 'tcp') return { kind: 'tcp', ...probeTimes(health) }
  return { kind: 'http', ...compileHttpProbe(health, files), ...probeTimes(health) }
}

/** A probe without a `type` is an HTTP one as soon as it has a key that only makes sense for HTTP. */
function kindOf(health: ProbeDocument): 'http' | 'tcp' {
  return health.type ?? (HTTP_KEYS.some(key => health[key] !== undefined) ? 'http' : 'tcp')
}

/** With their defaults, some of which follow from others. */
function probeTimes(health: ProbeDocument): ProbeTiming {
  const { rise, fall, jitter } = DEFAULTS
  const intervalMs = parseDuration(health.interval ?? DEFAULTS.interval)!
  const timeoutMs =
    health.timeout === undefined
      ? Math.min(parseDuration(DEFAULTS.timeout)!, intervalMs)
      : parseDuration(health.timeout)!
  return {
    intervalMs,
    timeoutMs,
    rise: health.rise ?? rise,
    fall: health.fall ?? fall,
    jitter: health.jitter ?? jitter,
    unsureIntervalMs:
      health.unsureInterval === undefined
        ? Math.max(1, Math.round(intervalMs * UNSURE_SHARE))
        : parseDuration(health.unsureInterval)!,
    downIntervalMs: health.downInterval === undefined ? intervalMs * DOWN_FACTOR : parseDuration(health.downInterval)!,
  }
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_HEALTH = { 'health.kind': 'health', ...RENAMED_IN_PROBE }

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_HEALTH: Otherwises = {
  'pools.*.health.type': ({ beside }) => ({ value: kindOf(beside), by: 'default' }),
  ...Object.fromEntries(
    ['host', 'headers', 'body'].map(key => [
      `pools.*.health.${key}`,
      ({ beside }: Around) => (kindOf(beside) === 'tcp' ? { words: 'a tcp probe sends no request' } : undefined),
    ]),
  ),
  'pools.*.health.timeout': around => {
    const { timeoutMs, intervalMs } = probeTimes(around.beside)
    return timeoutMs < intervalMs ? undefined : derived(around, formatDuration(timeoutMs), 'interval')
  },
  'pools.*.health.unsureInterval': around =>
    derived(around, formatDuration(probeTimes(around.beside).unsureIntervalMs), 'interval'),
  'pools.*.health.downInterval': around =>
    derived(around, formatDuration(probeTimes(around.beside).downIntervalMs), 'interval'),
}

export const LONG_FORMS_OF_HEALTH: LongForms = {
  'pools.*.health': short => (short === 'tcp' ? { type: short } : undefined),
}
