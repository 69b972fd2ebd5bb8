// An upstream as the shared table has it, in words.

import type { ConsideredUpstream } from '../../../shared/explain/request-story.ts'
import { AVAILABILITY, type UpstreamTable } from '../../../shared/upstream-table.ts'
import type { Endpoint } from '../../upstream/endpoint.ts'

const NAMES = Object.keys(AVAILABILITY) as (keyof typeof AVAILABILITY)[]

export function considered({ slot, plan }: Endpoint, table: UpstreamTable): ConsideredUpstream {
  const { name, priority } = plan
  const availability = NAMES.find(each => AVAILABILITY[each] === table.availability(slot)) ?? 'unknown'
  return { upstream: name, availability, weight: table.weight(slot), priority }
}
