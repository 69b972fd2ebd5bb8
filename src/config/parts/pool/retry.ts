// Retries of a pool: how many attempts a request may have, and how many of all requests may be sent again. What may be sent again at
// all is for each route to say: route/replay.ts.

import Type, { type Static } from 'typebox'
import type { RetryBudget, RetryPlan } from '../../../plan/pool.ts'
import { type Finding, type Path, warning } from '../../forms/problem.ts'
import { boolean, described, integer, section, share } from '../../forms/schema-blocks.ts'
import { parseDuration, parseShare } from '../../forms/units.ts'

const DEFAULTS = { attempts: 3, budget: '20%', timeouts: false } as const
/** Beside the share: a quiet pool must be able to retry at all. */
const BUDGET = { perSecond: 3, window: '10s' } as const

export const retrySchema = section(
  {
    attempts: Type.Optional(
      integer(1, 10, 'Most attempts per request, the first included. 1 = never tried again.', DEFAULTS.attempts),
    ),
    budget: Type.Optional(
      Type.Union(
        [
          share('Share.', undefined, 'only requests of which nothing was sent are tried again'),
          Type.Literal('off'),
          Type.Literal(false),
        ],
        {
          title: 'a share such as 20%, 0, or off',
          ...described(
            `Share of the requests of the last ${BUDGET.window} that may be sent a second time, and ${BUDGET.perSecond} a second beside it: so an outage never doubles the load. A request of which nothing was sent (its upstream refused the connection) does not count. 0 = only such requests are tried again, off = no limit.`,
            DEFAULTS.budget,
          ),
        },
      ),
    ),
    statuses: Type.Optional(
      Type.Array(
        Type.Union([Type.Literal(502), Type.Literal(503), Type.Literal(504)], {
          title: '502, 503 or 504 (another status is an answer of the application)',
        }),
        {
          uniqueItems: true,
          title: 'a list of 502, 503 and 504, each once',
          description:
            "Statuses of an upstream's answer for which an idempotent or declared request is tried on another one. Default: none.",
        },
      ),
    ),
    timeouts: Type.Optional(
      boolean(
        'Whether an idempotent or declared request that got no answer in time is tried again: it then works on two upstreams at once.',
        DEFAULTS.timeouts,
      ),
    ),
  },
  'Sending a request again on another upstream, where that is provably safe.',
)

type RetryDocument = Static<typeof retrySchema>

export function* checkRetry(retry: RetryDocument | undefined, at: Path): Iterable<Finding> {
  const { attempts = DEFAULTS.attempts, budget, statuses = [], timeouts } = retry ?? {}
  if (attempts > 1) {
    if (typeof budget !== 'boolean' && budget !== undefined && parseShare(budget) === 0) {
      yield warning(
        [...at, 'budget'],
        'with 0 only requests of which nothing was sent are tried again, whatever attempts says',
      )
    }
    return
  }
  const none = 'has no effect with attempts: 1'
  if (statuses.length > 0) yield warning([...at, 'statuses'], none, 'key')
  if (timeouts === true) yield warning([...at, 'timeouts'], none, 'key')
}

export function compileAttempts(retry: RetryDocument | undefined): number {
  return retry?.attempts ?? DEFAULTS.attempts
}

export function compileRetry(retry: RetryDocument | undefined): RetryPlan {
  return {
    budget: compileBudget(retry?.budget ?? DEFAULTS.budget),
    statuses: retry?.statuses ?? [],
    timeouts: retry?.timeouts ?? DEFAULTS.timeouts,
  }
}

function compileBudget(budget: string | number | false): RetryBudget | undefined {
  if (budget === 'off' || budget === false) return undefined
  const share = parseShare(budget)!
  // Who asks for none gets none: not even the floor.
  return { share, perSecond: share === 0 ? 0 : BUDGET.perSecond, windowMs: parseDuration(BUDGET.window)! }
}
