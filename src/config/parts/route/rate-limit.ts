// How often a client may ask on a route.

import Type, { type Static } from 'typebox'
import type { RateLimitPlan } from '../../../plan/route.ts'
import { derived, type Otherwises } from '../../forms/otherwise.ts'
import { integer, section } from '../../forms/schema-blocks.ts'
import { parseRate, RATE_PATTERN } from '../../forms/units.ts'

export const rateLimitSchema = section(
  {
    rate: Type.String({
      pattern: RATE_PATTERN,
      title: 'a rate such as 10/s, 600/m or 1000/h',
      description: 'Requests per second, minute or hour that each client may send in the long run.',
      whyRequired: 'a limit needs one, such as 10/s',
    }),
    burst: Type.Optional(
      integer(
        1,
        1_000_000,
        'Requests that a client may send at once after a pause. A page of an ERP is many requests. Default: what `rate` gives in one second, at least 1.',
      ),
    ),
  },
  'How often one client address (one /64 of IPv6) may ask on this route, over all workers. Effect: more is answered 429 with Retry-After. What an upstream may read as a path of this route counts too, as with `access`. Users behind one address share it. Default: no limit.',
)

type RateLimitDocument = Static<typeof rateLimitSchema>

export function compileRateLimit(limit: RateLimitDocument | undefined): RateLimitPlan | undefined {
  if (limit === undefined) return undefined
  const perSecond = parseRate(limit.rate)!
  return { perSecond, burst: limit.burst ?? Math.max(1, Math.ceil(perSecond)) }
}

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_RATE_LIMIT: Otherwises = {
  'routes[].rateLimit.burst': around =>
    derived(around, compileRateLimit({ rate: String(around.beside.rate) })?.burst, 'rate'),
}
