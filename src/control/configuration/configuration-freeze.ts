// Whether a change freeze lets the configuration be changed, whoever wants that: the file, a signal, an order.

import type { FreezeInForce } from '../../policy/maintenance/effects.ts'
import { refusalText } from '../../util/refusal.ts'
import { type FreezeOverride, freezeOverridden, freezeRefusal } from '../windows/freeze.ts'
import type { WindowEvent } from '../windows/window-event.ts'
import { CannotServe } from '../workers/cannot-serve.ts'

/** The configuration can't be changed now. The message is one line. */
export class Frozen extends CannotServe {}

/** Throws Frozen. @param override undefined = nobody has asked for that @returns what is to be told; undefined = nothing */
export function checkConfigurationFreeze(
  freeze: FreezeInForce | undefined,
  override: FreezeOverride | undefined,
  nowMs: number,
): WindowEvent | undefined {
  if (freeze === undefined) return undefined
  if (override === undefined) throw new Frozen(refusalText(freezeRefusal(freeze, undefined)), undefined)
  return freezeOverridden(freeze, override, 'the configuration is changed', nowMs)
}
