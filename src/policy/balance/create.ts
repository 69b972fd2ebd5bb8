// From the configured algorithm to a balancer. The only place that knows all of them.

import type { BalancePlan } from '../../plan/balance.ts'
import type { Balancer } from './balancer.ts'
import { Hash } from './hash.ts'
import { LeastConnections } from './least-connections.ts'
import { PeakEwma } from './peak-ewma.ts'
import { RandomTwo } from './random-two.ts'
import { RoundRobin } from './round-robin.ts'

/**
 * A balancer for one group of upstreams; every view that it is given must list the same upstreams in the same order.
 * @param names of the upstreams, unique within the group
 */
export function createBalancer(plan: BalancePlan, names: readonly string[]): Balancer {
  switch (plan.kind) {
    case 'round-robin':
      return new RoundRobin(names.length)
    case 'least-connections':
      return new LeastConnections(names.length)
    case 'random-two':
      return new RandomTwo()
    case 'peak-ewma':
      return new PeakEwma(names.length)
    case 'hash':
      return new Hash(names, plan.boundedLoad)
  }
}
