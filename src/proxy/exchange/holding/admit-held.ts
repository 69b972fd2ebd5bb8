// What becomes of a request of a route that holds, when it arrives: whether its body is gathered so that it can be held.

import { FIELD } from '../../../http/field-names.ts'
import { fieldValue, firstValue } from '../../../http/fields.ts'
import type { BodyBufferPlan } from '../../../plan/buffering.ts'
import type { HoldPlan } from '../../../plan/hold.ts'
import { isHoldable, reasonFor } from '../../../policy/hold/may-hold.ts'
import type { Breaker } from '../../pool/breaker.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import type { Placement } from '../placement.ts'
import type { ExchangeRecord } from '../record.ts'
import { HoldingExchange } from './holding-exchange.ts'

/**
 * @param buffer how its body is gathered for other reasons; undefined = it is not
 * @param why what it would be answered without `hold`; undefined = it may go on
 * @returns undefined = as on a route without `hold`
 */
export function admitHeld(
  context: ExchangeContext,
  down: Downstream,
  record: ExchangeRecord,
  placement: Placement,
  breaker: Breaker | undefined,
  buffer: BodyBufferPlan | undefined,
  why: 'maintenance' | 'overloaded' | undefined,
): HoldingExchange | undefined {
  const { hold } = placement.route
  const port = context.held
  if (hold === undefined || port === undefined || !mayBeHeld(hold, record, placement)) return undefined
  if (why !== undefined && reasonFor(hold, why, record.closedRoute?.paused === true) === undefined) return undefined
  return new HoldingExchange(context, down, record, placement, breaker, gatheringFor(hold, buffer), port, why)
}

/** By its head alone. */
export function mayBeHeld(hold: HoldPlan, { head, path, forwarded }: ExchangeRecord, { pool }: Placement): boolean {
  const { fields, length, login } = head.meaning
  return isHoldable(hold, {
    method: head.method,
    path,
    length,
    contentType: firstValue(fields, FIELD.contentType),
    hasSoapAction: fieldValue(fields, 'soapaction') !== undefined,
    application: pool.plan.application,
    isOfConnection: login || forwarded.upgrade !== undefined || head.host === undefined,
  })
}

/** In memory as far as it may be held; a longer one as without `hold`. */
function gatheringFor({ bodyBytes }: HoldPlan, buffer: BodyBufferPlan | undefined): BodyBufferPlan {
  const memoryBytes = Math.max(bodyBytes, buffer?.memoryBytes ?? 0)
  // A body that is as long as it may be is whole.
  return { mode: 'on', memoryBytes, maxBytes: Math.max(bodyBytes + 1, buffer?.maxBytes ?? 0) }
}
