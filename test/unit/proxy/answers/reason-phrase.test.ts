// The reason phrases of vigia's own answers: plain words of vigia's own, in ASCII, short, in the language of the reader.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FAULT_CODES } from '../../../../src/http/faults.ts'
import type { AnswerCode } from '../../../../src/proxy/answers/codes.ts'
import { LANGUAGES, WORDS } from '../../../../src/proxy/answers/pages/languages.ts'
import { maintenancePhrase, reasonPhrase } from '../../../../src/proxy/answers/reason-phrase.ts'
import type { ClosedRoute } from '../../../../src/shared/messages.ts'

const ASCII = /^[ -~]{1,60}$/
const NOW_MS = Date.parse('2026-12-06T08:00:00Z')
const CODES = [...Object.keys(WORDS.en.phrases), ...FAULT_CODES] as AnswerCode[]

const closedUntil = (end: string | undefined, timeZone = 'America/Sao_Paulo'): ClosedRoute => ({
  route: 'erp',
  window: 'patching',
  reason: 'Réason\r\nX: y',
  timeZone,
  untilMs: end === undefined ? undefined : Date.parse(end),
  bypasses: [],
})

test.each(LANGUAGES)('%s: each answer has a phrase, of at most 60 characters, in ASCII', language => {
  for (const code of CODES) expect(reasonPhrase(code, language), code).toMatch(ASCII)
})

test('letters keep their sound without their marks', () => {
  expect(LANGUAGES.map(language => reasonPhrase('in-doubt', language))).toEqual([
    'Outcome unknown: check before repeating',
    'Resultado desconhecido: verifique antes de repetir',
    'Resultado desconocido: compruebe antes de repetir',
    'Esito sconosciuto: verificare prima di ripetere',
    'Ergebnis unbekannt: vor dem Wiederholen pruefen',
  ])
  expect(reasonPhrase('maintenance', 'pt')).toBe('Manutencao programada')
  expect(reasonPhrase('bad-host', 'de')).toBe('Ungueltige Anfrage')
})

describe('the phrase of a window', () => {
  test('says until when by the clock of its zone, rounded up to the minute', () => {
    const say = (end: string, zone?: string) => maintenancePhrase(closedUntil(end, zone), 'en', NOW_MS)
    expect(say('2026-12-06T21:29:01Z')).toBe('Maintenance until 18:30')
    expect(say('2026-12-06T21:29:01Z', 'Europe/Berlin')).toBe('Maintenance until 22:30')
    expect(say('2026-12-07T03:00:00Z')).toBe('Maintenance until 00:00')
  })

  test('says the day too where that is a day away or more', () => {
    const say = (language: (typeof LANGUAGES)[number]) =>
      maintenancePhrase(closedUntil('2026-12-07T08:00:00Z'), language, NOW_MS)
    expect(LANGUAGES.map(say)).toEqual([
      'Maintenance until 05:00 on 2026-12-07',
      'Manutencao ate 05:00 de 2026-12-07',
      'Mantenimiento hasta las 05:00 del 2026-12-07',
      'Manutenzione fino alle 05:00 del 2026-12-07',
      'Wartung bis 05:00 am 2026-12-07',
    ])
  })

  test('names no end that is not known, or has passed', () => {
    for (const end of [undefined, '2026-12-06T08:00:00Z'])
      expect(maintenancePhrase(closedUntil(end), 'en', NOW_MS)).toBe('Planned maintenance')
  })

  test('has nothing of what people wrote', () => {
    const anyEnd = fc.integer({ min: NOW_MS - 1e9, max: NOW_MS + 1e11 })
    fc.assert(
      fc.property(fc.string(), anyEnd, fc.constantFrom(...LANGUAGES), (reason, untilMs, language) => {
        const phrase = maintenancePhrase(
          { ...closedUntil(undefined), reason, window: reason, untilMs },
          language,
          NOW_MS,
        )
        expect(phrase).toMatch(ASCII)
        expect(phrase).toMatch(/^[A-Za-z]+( [A-Za-z]+)*( \d\d:\d\d( [a-z]+ \d{4}-\d\d-\d\d)?)?$/)
      }),
      { numRuns: 30 },
    )
  })
})
