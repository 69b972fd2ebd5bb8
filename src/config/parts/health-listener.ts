// Where the workers tell of themselves whether they live and serve, besides the admin listener, which is control's.

import type { Static } from 'typebox'
import type { HealthListenerPlan } from '../../plan/listener.ts'
import { ADDRESS_FORM, type Address, parseAddress } from '../forms/address.ts'
import { section, text } from '../forms/schema-blocks.ts'

export const healthListenerSchema = section(
  {
    address: text(ADDRESS_FORM, 'host:port. Others may reach it: it tells nothing but whether vigia lives and serves.'),
  },
  'Listener on which each worker answers /healthz and /readyz itself, for orchestrators and for a balancer in front. Effect: they tell of the data plane, and are answered also while control (the admin listener) is busy. One connection brings one answer. Default: none.',
  { title: 'a mapping with `address`' },
)

export type HealthListenerDocument = Static<typeof healthListenerSchema>

/** @param health must have passed the checks */
export function compileHealthListener(health: HealthListenerDocument | undefined): HealthListenerPlan | undefined {
  return health && (parseAddress(health.address) as Address)
}
