// What a maintenance window answers: 503 that says why and until when, as a page for people and as JSON for programs.

import type { ClosedRoute } from '../../shared/messages.ts'
import { iso } from '../../util/words.ts'
import { type Answer, type AnswerForm, answerOf, jsonText } from './answers.ts'
import { EN } from './pages/en.ts'
import { endAhead, maintenancePage, type Visit } from './pages/maintenance-page.ts'

const STATUS = 503

export function closedRouteAnswer(closedRoute: ClosedRoute, form: AnswerForm, visit: Visit): Answer {
  const text = form === 'json' ? asJson(closedRoute, visit) : maintenancePage(closedRoute, form, visit)
  return answerOf(STATUS, form, text, visit.retryAfterS)
}

function asJson(closedRoute: ClosedRoute, { requestId, retryAfterS, nowMs }: Visit): string {
  const untilMs = endAhead(closedRoute, nowMs)
  return jsonText({
    status: STATUS,
    code: 'maintenance',
    title: EN.maintenance.title,
    detail: `${EN.messages.maintenance} ${EN.maintenance.notCarriedOut}`,
    requestId,
    reason: closedRoute.reason,
    until: untilMs === undefined ? null : iso(untilMs),
    retryAfterS,
  })
}
