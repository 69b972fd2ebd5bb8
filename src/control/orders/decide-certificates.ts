// What an order for certificates does, or why it is refused. Pure: it changes nothing. No freeze forbids it: a renewed certificate is no
// other configuration.

import { didYouMean } from '../../util/nearest.ts'
import { refuse } from '../../util/refusal.ts'
import type { AcmeName } from '../certificates/acme/acme.ts'
import type { Decision } from './decision.ts'

export function decideRenewal(names: readonly AcmeName[], name: string): Decision {
  const wanted = name.toLowerCase()
  const found = names.find(each => each.name === wanted)
  if (found === undefined) {
    const known = names.map(each => each.name)
    const advice = known.length === 0 ? 'the configuration has no acme' : undefined
    return refuse(
      'unknown',
      `no certificate of ${JSON.stringify(name)} comes by ACME${didYouMean(wanted, known)}`,
      advice,
    )
  }
  if (found.isOrdering) return refuse('conflict', `an order for ${wanted} is under way already`)
  if (found.nextMs === undefined)
    return refuse('unavailable', 'the store is not open yet: what it has kept has to be known first')
  return [{ kind: 'renewal', name: wanted }]
}
