// The reason phrase of vigia's own answers, in plain words and in the language of the reader: Tryton's clients show nothing else of an
// answer. ASCII, for it has no encoding that clients agree on (RFC 9112 4); made of vigia's own words and of digits alone, and short.

import { FAULT_CODES } from '../../http/faults.ts'
import type { Language } from '../../plan/pages.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import { type AnswerCode, statusOf } from './codes.ts'
import { LANGUAGES, WORDS } from './pages/languages.ts'
import { endAhead } from './pages/maintenance-page.ts'

/** `Outcome unknown: check before repeating`. */
export function reasonPhrase(code: AnswerCode, language: Language): string {
  return PHRASES.get(language)!.get(code)!
}

/** `Maintenance until 18:30`, in the time zone of the window; with the day where the end is a day away or more. */
export function maintenancePhrase(closedRoute: ClosedRoute, language: Language, nowMs: number): string {
  const untilMs = endAhead(closedRoute, nowMs)
  if (untilMs === undefined) return reasonPhrase('maintenance', language)
  const { untilTime, onDay } = WORDS[language].maintenance
  const [day, time] = endOf(closedRoute, untilMs)
  const words = untilMs - nowMs < DAY_MS ? `${untilTime} ${time}` : `${untilTime} ${time} ${onDay} ${day}`
  return ascii(words, language)
}

/** Letters without their marks; German ones as it is written without umlauts. */
function ascii(text: string, language: Language): string {
  const spelled = language === 'de' ? text.replace(/[äöüÄÖÜß]/g, letter => UMLAUTS[letter]!) : text
  return spelled.normalize('NFD').replace(/[^ -~]/g, '')
}

const DAY_MS = 86_400_000
const UMLAUTS: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', Ä: 'Ae', Ö: 'Oe', Ü: 'Ue', ß: 'ss' }

const PHRASES: ReadonlyMap<Language, ReadonlyMap<string, string>> = new Map(
  LANGUAGES.map(language => {
    const { titles, phrases } = WORDS[language]
    const faults = FAULT_CODES.map(code => [code, titles[statusOf(code)]] as const)
    const all = [...Object.entries(phrases), ...faults]
    return [language, new Map(all.map(([code, text]) => [code, ascii(text, language)]))]
  }),
)

/** Calendars are slow, and in a window many ask at once. */
const ENDS = new WeakMap<ClosedRoute, readonly [day: string, time: string]>()

/** To the minute, rounded up. */
function endOf(closedRoute: ClosedRoute, untilMs: number): readonly [day: string, time: string] {
  const known = ENDS.get(closedRoute)
  if (known) return known
  // Swedes write 2026-12-06 18:30.
  const format = new Intl.DateTimeFormat('sv', {
    dateStyle: 'short',
    timeStyle: 'short',
    timeZone: closedRoute.timeZone,
  })
  const [day = '', time = ''] = format.format(Math.ceil(untilMs / 60_000) * 60_000).split(' ')
  const end = [day, time] as const
  ENDS.set(closedRoute, end)
  return end
}
