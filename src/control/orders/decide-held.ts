// What an order for integrations and held requests does, or why it is refused. Pure: it changes nothing.

import type { PauseOrder } from '../../admin/contract/held.ts'
import type { HeldOrder } from '../../held/contract.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { didYouMean } from '../../util/nearest.ts'
import { refuse } from '../../util/refusal.ts'
import type { Pauses } from '../held/pauses.ts'
import { freezeOverridden, freezeRefusal } from '../windows/freeze.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { Decision } from './decision.ts'

export interface IntegrationsState {
  readonly snapshot: () => Pick<Snapshot, 'routes' | 'pools'>
  readonly pauses: Pick<Pauses, 'of' | 'tally'>
  readonly windows: Pick<MaintenanceWindows, 'freezeOn'>
}

/** A change freeze forbids it as it forbids to drain the pool. */
export function decidePause(state: IntegrationsState, name: string, order: PauseOrder, nowMs: number): Decision {
  const { routes, pools } = state.snapshot()
  const route = routes.find(each => each.name === name)
  if (route === undefined) {
    const names = routes.map(each => each.name)
    return refuse('unknown', `no route ${JSON.stringify(name)}${didYouMean(name, names)}`)
  }
  const { reason, by, untilMs, untilBy, override = false, source } = order
  const pool = pools[route.pool]!.name
  const freeze = state.windows.freezeOn(pool)
  if (freeze !== undefined && !override) return freezeRefusal(freeze, pool)
  const after = { route: name, reason, by, sinceMs: nowMs, untilMs, untilBy }
  const pause = { kind: 'pause', before: state.pauses.of(name), after } as const
  if (freeze === undefined) return [pause]
  const event = freezeOverridden(freeze, { by, reason, source }, `pause of integration ${name}`, nowMs)
  return [pause, { kind: 'freeze-override', event }]
}

/** No freeze forbids it. One that is not paused is as it should be. */
export function decideResume({ snapshot, pauses }: IntegrationsState, name: string): Decision {
  const before = pauses.of(name)
  if (before !== undefined) return [{ kind: 'resume', before, tally: pauses.tally(name) }]
  const names = snapshot().routes.map(each => each.name)
  if (names.includes(name)) return []
  return refuse('unknown', `no route ${JSON.stringify(name)}${didYouMean(name, names)}`)
}

/** @param isOpen whether anything is held, or was */
export function decideHeld(isOpen: boolean, order: HeldOrder): Decision {
  return isOpen ? [{ kind: 'held', order }] : NOTHING_HELD
}

export const NOTHING_HELD = refuse(
  'unavailable',
  'no route holds requests, and none were held before',
  'a route holds them where it has the key "hold"',
)
