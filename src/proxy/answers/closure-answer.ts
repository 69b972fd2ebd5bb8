// What a maintenance window answers: 503 that says why and until when, as a page for people and as JSON for programs.

import type { Closure } from '../../shared/messages.ts'
import { iso } from '../../util/words.ts'
import { type Answer, type AnswerForm, answerOf, jsonText } from './answers.ts'
import { EN } from './pages/en.ts'
import { endAhead, maintenancePage, type Visit } from './pages/maintenance-page.ts'

const STATUS = 503

export function closureAnswer(closure: Closure, form: AnswerForm, visit: Visit): Answer {
  const text = form === 'json' ? asJson(closure, visit) : maintenancePage(closure, form, visit)
  return answerOf(STATUS, form, text, visit.retryAfterS)
}

function asJson(closure: Closure, { requestId, retryAfterS, nowMs }: Visit): string {
  const untilMs = endAhead(closure, nowMs)
  return jsonText({
    status: STATUS,
    code: 'maintenance',
    title: EN.maintenance.title,
    detail: `${EN.messages.maintenance} ${EN.maintenance.notCarriedOut}`,
    requestId,
    reason: closure.reason,
    until: untilMs === undefined ? null : iso(untilMs),
    retryAfterS,
  })
}
