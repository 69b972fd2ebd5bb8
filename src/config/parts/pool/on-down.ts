// What becomes of requests and sessions on an upstream that has gone silent: they end after a while, or wait for their own timeouts.

import Type, { type Static } from 'typebox'
import type { OnDownPlan } from '../../../plan/pool.ts'
import { type Finding, type Path, warning } from '../../forms/problem.ts'
import { described, duration, section } from '../../forms/schema-blocks.ts'
import { parseDuration } from '../../forms/units.ts'

const DEFAULTS = { requests: '5s', sessions: '10s' } as const

const ZERO = 'at once'

/** A duration, or `wait`. */
function patience(effect: string, fallback: string) {
  return Type.Union([duration(effect, undefined, ZERO), Type.Literal('wait')], {
    title: `a duration such as 5s, 0 (${ZERO}), or wait`,
    ...described(`Duration, or \`wait\`. ${effect} 0 = ${ZERO}.`, fallback),
  })
}

export const onDownSchema = section(
  {
    requests: Type.Optional(
      patience(
        'How long a request may wait for its answer there. Effect: then its client is told `in-doubt`; `wait` = it has its whole `timeouts.response`. Set that where each worker of the server serves one request at a time, and some take long: a node whose workers are all busy looks the same as a frozen one.',
        DEFAULTS.requests,
      ),
    ),
    sessions: Type.Optional(
      patience(
        'How long WebSockets, other tunnels and answers of `longPoll` routes stay there. Effect: then they are closed, and their clients connect anew; `wait` = they have their `timeouts.tunnel` and `idle`. Another answer that has begun goes on in any case.',
        DEFAULTS.sessions,
      ),
    ),
  },
  'For an upstream that goes out because nothing answers its probes (no power, frozen, cut off). What waits there and may be repeated is sent elsewhere at once; the rest ends as said here, counted from then on and from its last answer to any request. Nothing ends while no other upstream of the pool is available: then it may be vigia that is cut off, and nobody could serve those clients.',
)

type OnDownDocument = Static<typeof onDownSchema>

/** @param probed whether anything ever finds an upstream silent */
export function* checkOnDown(
  onDown: OnDownDocument | undefined,
  probed: boolean,
  upstreams: number,
  at: Path,
): Iterable<Finding> {
  if (onDown === undefined) return
  if (!probed)
    yield warning(at, 'has no effect: without health checks nobody notices that an upstream is silent', 'key')
  else if (upstreams === 1)
    yield warning(at, 'has no effect: nothing ends while no other upstream of the pool is available', 'key')
}

export function compileOnDown(onDown: OnDownDocument | undefined): OnDownPlan {
  const { requests, sessions } = { ...DEFAULTS, ...onDown }
  return { requestsMs: msOf(requests), sessionsMs: msOf(sessions) }
}

function msOf(patience: string | number): number | undefined {
  return patience === 'wait' ? undefined : parseDuration(patience)!
}
