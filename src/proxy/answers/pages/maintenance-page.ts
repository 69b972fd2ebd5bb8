// The page of a maintenance window: that it is planned, why, and until when, in the language of its reader and the time zone of the window.

import type { Language, PagesPlan } from '../../../plan/pages.ts'
import type { ClosedRoute } from '../../../shared/messages.ts'
import { escapeHtml } from './escape-html.ts'
import { WORDS } from './languages.ts'
import { pageText } from './page.ts'

/** What of an answer is not the same for each reader of a language. */
export interface Visit {
  readonly requestId: string
  /** When the page may ask again, seconds. */
  readonly retryAfterS: number
  readonly nowMs: number
  /** Whether loading the page again does no more than it did: nothing was sent that a reader would lose by that. */
  readonly repeatable: boolean
}

export function maintenancePage(closedRoute: ClosedRoute, language: Language, visit: Visit, pages?: PagesPlan): string {
  const { nothingLost, notCarriedOut, again, title } = WORDS[language].maintenance
  const { requestId, retryAfterS, repeatable } = visit
  const [first, then] = repeatable ? [nothingLost, again] : [notCarriedOut, nothingLost]
  const content = `${factsOf(closedRoute, language, visit.nowMs).html}\n<p>${first}</p>\n<p>${then}</p>`
  const refreshS = repeatable ? Math.min(LONGEST_REFRESH_S, Math.max(SHORTEST_REFRESH_S, retryAfterS)) : undefined
  return pageText({ language, heading: title, content, requestId, pages, refreshS })
}

/** The end, as long as it is ahead: one that has passed only says that it takes longer. */
export function endAhead({ untilMs }: ClosedRoute, nowMs: number): number | undefined {
  return untilMs !== undefined && untilMs > nowMs ? untilMs : undefined
}

/** A window may end early, and who waits for it should not be the last to know. */
const LONGEST_REFRESH_S = 300
/** Time to read. */
const SHORTEST_REFRESH_S = 5

/** What the page says, in plain text, to who sent something. */
export function maintenanceLines(closedRoute: ClosedRoute, language: Language, nowMs: number): readonly string[] {
  return factsOf(closedRoute, language, nowMs).lines
}

interface Facts {
  readonly untilMs: number | undefined
  readonly html: string
  readonly lines: readonly string[]
}

/** Calendars are slow, and in a window many ask at once. */
const FACTS = new WeakMap<ClosedRoute, Map<Language, Facts>>()

function factsOf(closedRoute: ClosedRoute, language: Language, nowMs: number): Facts {
  const untilMs = endAhead(closedRoute, nowMs)
  const byLanguage = FACTS.get(closedRoute) ?? new Map<Language, Facts>()
  const known = byLanguage.get(language)
  if (known && known.untilMs === untilMs) return known
  const { messages, maintenance } = WORDS[language]
  const end = untilMs === undefined ? undefined : endOf(untilMs, closedRoute.timeZone, language)
  const until = end
    ? `<time datetime="${end.iso}">${escapeHtml(end.text)}</time><br><span>${escapeHtml(end.zone)}</span>`
    : maintenance.untilUnknown
  const html = `<p>${messages.maintenance}</p>
<dl>
<dt>${maintenance.reason}</dt><dd class="reason" dir="auto">${escapeHtml(closedRoute.reason)}</dd>
<dt>${maintenance.until}</dt><dd>${until}</dd>
</dl>`
  const lines = [
    messages.maintenance,
    `${maintenance.reason}: ${closedRoute.reason}`,
    `${maintenance.until}: ${end ? `${end.text}, ${end.zone}` : maintenance.untilUnknown}`,
    maintenance.notCarriedOut,
  ]
  const facts = { untilMs, html, lines }
  FACTS.set(closedRoute, byLanguage.set(language, facts))
  return facts
}

/** To the minute, rounded up: nobody should come too early. */
function endOf(untilMs: number, timeZone: string, language: Language): { iso: string; text: string; zone: string } {
  const end = new Date(Math.ceil(untilMs / 60_000) * 60_000)
  const text = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'short', timeZone }).format(end)
  const zone = new Intl.DateTimeFormat(language, { timeZone, timeZoneName: 'long' })
    .formatToParts(end)
    .find(({ type }) => type === 'timeZoneName')?.value
  const name = zone === undefined || zone === timeZone ? timeZone : `${zone} (${timeZone})`
  return { iso: end.toISOString(), text, zone: name }
}
