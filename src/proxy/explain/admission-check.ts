// What protects routes, for somebody who only asks: nothing is counted, and no client has asked for it.

import { admissionsOf } from '../exchange/admission.ts'
import type { ExchangeContext } from '../exchange/context.ts'
import type { ProtectionContext } from '../exchange/protection/protect.ts'

/** What of the worker it takes. */
export type ExplainContext = Pick<
  ExchangeContext,
  'active' | 'closedRoutes' | 'challengeAnswers' | 'cache' | 'table' | 'counters' | 'rates'
>

export function uncounted(context: ExplainContext): ProtectionContext {
  const { active, closedRoutes, rates } = context
  const runtime = { row: { add() {} }, rates: { ask: rates.waitMs.bind(rates) } }
  const admissions = admissionsOf(
    active.snapshot.routes,
    runtime,
    active.pools.map(({ slot }) => slot),
    active.otherRoutes.map(({ isMetInOneCase }) => isMetInOneCase),
  )
  return { closedRoutes, row: runtime.row, active: { ...active, admissions } }
}
