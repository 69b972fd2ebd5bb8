// Among whom a request's upstream would be chosen, as things are, and whom it belongs to already.

import { GAUGE } from '../../shared/counter-cells.ts'
import type { ExplainedAffinity, ExplainedPool } from '../../shared/explain/route-explanation.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import type { Placement } from '../exchange/placement.ts'
import { considered } from '../exchange/story/considered.ts'
import type { Endpoint } from '../upstream/endpoint.ts'

const MOST_UPSTREAMS = 32

export function explainPool(
  { table, counters }: Pick<ExchangeContext, 'table' | 'counters'>,
  { pool, stickiness }: Placement,
): ExplainedPool {
  const { plan, endpoints, affinity } = pool
  const { situation, own, parts } = pool.outlook(stickiness)
  return {
    name: plan.name,
    balance: plan.balance.kind,
    situation,
    upstreams: endpoints.slice(0, MOST_UPSTREAMS).map(endpoint => ({
      ...considered(endpoint, table),
      inFlight: counters.gauge(endpoint.slot, GAUGE.inFlight),
      limit: table.limit(endpoint.slot),
      share: parts.get(endpoint) ?? 0,
    })),
    upstreamsMore: Math.max(0, endpoints.length - MOST_UPSTREAMS),
    affinity: affinity && explainAffinity(affinity.plan, own),
    queue: plan.queue,
    allDown: plan.allDown,
  }
}

function explainAffinity(
  plan: NonNullable<Placement['pool']['affinity']>['plan'],
  own: Endpoint | undefined,
): ExplainedAffinity {
  const by = plan.kind === 'cookie' ? plan.name : plan.key.from === 'address' ? 'address' : plan.key.name
  return { kind: plan.kind, by, upstream: own?.plan.name, gone: plan.gone }
}
