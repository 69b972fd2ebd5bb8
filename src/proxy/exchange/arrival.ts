// What becomes of a request as it arrives: its route and pool, or why it gets no further. Nothing of it has gone to an upstream yet.

import type { RequestHead } from '../../http1/request-head.ts'
import { normalisePath } from '../../policy/request/routing.ts'
import type { AnswerCode } from '../answers/answers.ts'
import type { Plan } from '../plan-in-use.ts'
import { refusalOf } from './admission.ts'
import { type ClosedRoutes, closedRouteOf } from './closed-routes.ts'
import { placementOf } from './placement.ts'
import type { ExchangeRecord } from './record.ts'

/** Why a request is answered by vigia itself. */
export interface Rejection {
  readonly code: AnswerCode
  readonly retryAfterS: number | undefined
}

const BAD_TARGET: Rejection = { code: 'bad-target', retryAfterS: undefined }
const NO_ROUTE: Rejection = { code: 'no-route', retryAfterS: undefined }
/** When to come again, its answer knows. */
const MAINTENANCE: Rejection = { code: 'maintenance', retryAfterS: undefined }
const BODY_TOO_LARGE: Rejection = { code: 'body-too-large', retryAfterS: undefined }

/** Notes path and placement in the record. @param closedRoutes undefined = no route is closed. @returns undefined = it may go on to its pool */
export function arrive(
  plan: Plan,
  closedRoutes: ClosedRoutes | undefined,
  listener: string,
  head: RequestHead,
  record: ExchangeRecord,
): Rejection | undefined {
  const path = normalisePath(head.target)
  if (path === undefined) return BAD_TARGET
  record.path = path
  const { client } = record
  const placement = placementOf(plan, listener, head, path, client)
  if (!placement) return NO_ROUTE
  record.placement = placement
  const { route } = placement
  const refusal = refusalOf(plan, route, path, client)
  if (refusal) return refusal
  if (closedRoutes !== undefined) {
    const closedRoute = closedRouteOf(closedRoutes, route.name, client, head.meaning.fields)
    if (closedRoute) {
      record.closedRoute = closedRoute
      return MAINTENANCE
    }
  }
  return head.meaning.length > route.bodyBytes ? BODY_TOO_LARGE : undefined
}
