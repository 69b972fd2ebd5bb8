// What a maintenance window answers: 503 that says why and until when, as a page for people and as JSON for programs.

import type { ClosedRoute } from '../../shared/messages.ts'
import { iso } from '../../util/words.ts'
import { type Answer, answerOf, jsonText } from './answers.ts'
import { type AnswerForm, toldToRpcClient } from './forms.ts'
import { EN } from './pages/en.ts'
import { WORDS } from './pages/languages.ts'
import { endAhead, maintenanceLines, maintenancePage, type Visit } from './pages/maintenance-page.ts'
import { maintenancePhrase } from './reason-phrase.ts'

const STATUS = 503

export function closedRouteAnswer(closedRoute: ClosedRoute, form: AnswerForm, visit: Visit): Answer {
  const { kind, language, pages } = form
  const text =
    kind === 'page'
      ? maintenancePage(closedRoute, language, visit, pages)
      : jsonText(jsonValue(closedRoute, form, visit))
  const reason = maintenancePhrase(closedRoute, language, visit.nowMs)
  return answerOf({ status: STATUS, reason, form, text, retryAfterS: visit.retryAfterS })
}

function jsonValue(closedRoute: ClosedRoute, form: AnswerForm, visit: Visit): Readonly<Record<string, unknown>> {
  const { requestId, retryAfterS, nowMs } = visit
  const untilMs = endAhead(closedRoute, nowMs)
  const detail = `${EN.messages.maintenance} ${EN.maintenance.notCarriedOut}`
  const lines = form.kind === 'json' ? [] : maintenanceLines(closedRoute, form.language, nowMs)
  const { title } = WORDS[form.language].maintenance
  return {
    status: STATUS,
    code: 'maintenance',
    title: EN.maintenance.title,
    detail,
    requestId,
    reason: closedRoute.reason,
    until: untilMs === undefined ? null : iso(untilMs),
    retryAfterS,
    ...toldToRpcClient(form, detail, { title, lines }, requestId),
  }
}
