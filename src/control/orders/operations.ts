// What operators may ask for over the admin API, but for windows and configurations: each order goes the one way of carry-out.ts.

import type { Answer, ControlOperations } from '../../admin/contract/operations.ts'
import type { Acme } from '../certificates/acme/acme.ts'
import type { Orderer } from '../events/order-event.ts'
import type { InDoubtList } from '../workers/in-doubt-list.ts'
import type { Orders } from './carry-out.ts'
import { decideRenewal } from './decide-certificates.ts'
import {
  decideDisable,
  decideDrain,
  decideEnable,
  decideFailback,
  decideResolution,
  decideWeight,
  type UpstreamsState,
} from './decide-upstreams.ts'
import type { Decision } from './decision.ts'

export function createOperations(
  orders: Orders<unknown>,
  state: UpstreamsState,
  inDoubt: Pick<InDoubtList, 'find'>,
  acme: Pick<Acme, 'names'>,
): ControlOperations {
  const carryOut = (who: Orderer, decide: () => Decision): Answer => orders.carryOut(who, decide, done => done)
  return {
    drain: (where, order) => carryOut(order, () => decideDrain(state, where, order, Date.now())),
    disable: (where, order) => carryOut(order, () => decideDisable(state, where, order, Date.now())),
    enable: (where, order) => carryOut(order, () => decideEnable(state, where, order)),
    weight: (where, order) => carryOut(order, () => decideWeight(state, where, order, Date.now())),
    failback: (pool, order) => carryOut(order, () => decideFailback(state, pool, order, Date.now())),
    renewCertificate: (name, order) => carryOut(order, () => decideRenewal(acme.names, name)),
    resolveInDoubt: (id, order) =>
      carryOut({ ...order, reason: order.note }, () => decideResolution(inDoubt.find(id), id, order, Date.now())),
  }
}
