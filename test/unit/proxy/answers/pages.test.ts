// vigia's own pages: every language has every word, nothing that others wrote is HTML, and a window's page says when it ends.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FAULTS, type FaultCode } from '../../../../src/http/faults.ts'
import { fieldValue } from '../../../../src/http/fields.ts'
import { answer } from '../../../../src/proxy/answers/answers.ts'
import { closedRouteAnswer } from '../../../../src/proxy/answers/closed-route-answer.ts'
import type { AnswerCode } from '../../../../src/proxy/answers/codes.ts'
import type { AnswerForm } from '../../../../src/proxy/answers/forms.ts'
import { escapeHtml } from '../../../../src/proxy/answers/pages/escape-html.ts'
import { LANGUAGES, WORDS } from '../../../../src/proxy/answers/pages/languages.ts'
import { maintenancePage, type Visit } from '../../../../src/proxy/answers/pages/maintenance-page.ts'
import type { ClosedRoute } from '../../../../src/shared/messages.ts'

const HOUR_MS = 3_600_000
/** 05:00 in São Paulo. */
const NOW_MS = Date.parse('2026-12-06T08:00:00Z')
const PATCHING: ClosedRoute = {
  route: 'erp',
  window: 'monthly patching',
  reason: 'Monthly patching',
  timeZone: 'America/Sao_Paulo',
  untilMs: NOW_MS + HOUR_MS,
  bypasses: [],
}
/** Of a German, which only the reason phrase shows. */
const JSON_FORM: AnswerForm = { kind: 'json', language: 'de' }
const VISIT: Visit = { requestId: 'r-1', retryAfterS: 3600, nowMs: NOW_MS, repeatable: true }

const pageOf = (
  more: Partial<ClosedRoute> = {},
  visit: Partial<Visit> = {},
  language: (typeof LANGUAGES)[number] = 'en',
) => maintenancePage({ ...PATCHING, ...more }, language, { ...VISIT, ...visit })
const refreshOf = (page: string) => /<meta http-equiv="refresh" content="(\d+)">/.exec(page)?.[1]

/** The paths of all texts in a table of words. */
function textsOf(words: object, path = ''): [string, string][] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : textsOf(value, `${path}${key}.`),
  )
}

describe('words', () => {
  const english = textsOf(WORDS.en).map(([path]) => path)

  test.each(LANGUAGES)('%s has every word, and no other', language => {
    const texts = textsOf(WORDS[language])
    expect(texts.map(([path]) => path).sort()).toEqual([...english].sort())
    for (const [path, text] of texts) {
      expect(text.trim(), path).toBe(text)
      expect(text, path).not.toBe('')
      if (/^messages|nothingLost|notCarriedOut|again|malformed/.test(path)) expect(text, path).toMatch(/\.$/)
    }
  })

  test.each(LANGUAGES.filter(language => language !== 'en'))('%s is translated throughout', language => {
    const translated = new Map(textsOf(WORDS[language]))
    expect(textsOf(WORDS.en).filter(([path, text]) => translated.get(path) === text)).toEqual([])
  })
})

describe('pages of errors', () => {
  const own = Object.keys(WORDS.en.messages) as AnswerCode[]

  test.each(LANGUAGES)('%s: each says its status, title, message and request', language => {
    for (const code of own) {
      const { head, body } = answer(code, 'r-42', { kind: 'page', language })
      const page = body.toString()
      expect(page).toContain(`<html lang="${language}">`)
      const status = escapeHtml(`${head.status} ${WORDS[language].titles[head.status as 400]}`)
      // What is in doubt says first what its reader should do.
      const heading = code === 'in-doubt' ? escapeHtml(WORDS[language].doubt.title) : status
      expect(page).toContain(`<h1>${heading}</h1>`)
      expect(page).toContain(status)
      expect(page).toContain(escapeHtml(WORDS[language].messages[code as 'no-route']))
      expect(page).toContain(`${WORDS[language].request} r-42`)
      expect(fieldValue(head.fields, 'content-language')).toBe(language)
      expect(fieldValue(head.fields, 'vary')).toBe('Accept-Language, Accept')
      expect(head.length).toBe(body.length)
    }
  })

  test('a fault that only programmers meet is named in English on each of them, once', () => {
    for (const language of LANGUAGES)
      for (const code of Object.keys(FAULTS) as FaultCode[]) {
        if (code in WORDS.en.messages) continue
        const page = answer(code, 'r-1', { kind: 'page', language }).body.toString()
        expect(page.split(escapeHtml(FAULTS[code].message))).toHaveLength(2)
        expect(page.includes('<p lang="en">')).toBe(language !== 'en')
      }
  })

  test('JSON is English', () => {
    const { head, body } = answer('rate-limited', 'r-1', JSON_FORM, 7)
    expect(JSON.parse(body.toString())).toEqual({
      status: 429,
      code: 'rate-limited',
      title: 'Too Many Requests',
      detail: 'Too many requests from this address. Please wait a moment.',
      requestId: 'r-1',
      error: { code: -32_000, message: 'Too many requests from this address. Please wait a moment.', data: {} },
    })
    expect(fieldValue(head.fields, 'retry-after')).toBe('7')
    expect(fieldValue(head.fields, 'content-language')).toBeUndefined()
  })
})

describe('what its operator adds', () => {
  const PAGES = {
    name: 'Andrade & Filhos',
    logo: 'data:image/svg+xml;base64,PHN2Zy8+',
    phone: '+55 (11) 4002-8922 ext 7',
    email: 'ti@example.com',
    link: 'https://status.example.com/?a=1&b=2',
    text: { any: 'Call us.', de: 'Bitte <anrufen>.' },
  }

  test('is on each page: logo above, words and whom to call below', () => {
    const page = answer('no-upstream-available', 'r-1', { kind: 'page', language: 'de', pages: PAGES }).body.toString()
    expect(page).toContain(`<p><img src="${PAGES.logo}" alt="Andrade &#38; Filhos"></p>\n<h1>503`)
    expect(page).toContain('<p class="own" dir="auto">Bitte &#60;anrufen&#62;.</p>')
    expect(page).toContain(
      'Hilfe: Andrade &#38; Filhos · <a href="tel:+551140028922">+55 (11) 4002-8922 ext 7</a> · <a href="mailto:ti@example.com">ti@example.com</a> · <a href="https://status.example.com/?a=1&#38;b=2">',
    )
    const window = maintenancePage(PATCHING, 'it', VISIT, PAGES)
    expect(window).toContain('<p class="own" dir="auto">Call us.</p>')
    expect(window).toContain('Assistenza: Andrade')
  })

  test('is told by the web clients of Odoo and Frappe, as plain text', () => {
    const { body } = answer('overloaded', 'r-1', { kind: 'odoo', language: 'en', pages: PAGES })
    expect(JSON.parse(body.toString()).error.data.message).toContain('\nCall us.\nHelp: Andrade & Filhos · +55 (11)')
  })

  test('nobody can make HTML of', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (name, text, phone) => {
        const pages = { name, phone, text: { any: text } }
        const page = answer('overloaded', 'r-1', { kind: 'page', language: 'en', pages }).body.toString()
        const tags = page.replace(/<style>[^<]*<\/style>/, '').match(/<[^>]*>/g) ?? []
        expect(
          tags.every(tag => /^<(?:!doctype html|\/?(?:html|meta|title|main|h1|p|small|a)(?: [^<>]*)?)>$/.test(tag)),
        ).toBe(true)
      }),
    )
  })

  test('is all that a browser may load for a page', () => {
    const { head } = answer('overloaded', 'r-1', { kind: 'page', language: 'en', pages: PAGES })
    expect(fieldValue(head.fields, 'content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; img-src data:;/,
    )
  })
})

describe('the page of a maintenance window', () => {
  test.each([
    ['en', 'Sunday, December 6, 2026', '6:00', 'Brasilia Standard Time (America/Sao_Paulo)'],
    ['pt', 'domingo, 6 de dezembro de 2026', '06:00', 'Horário Padrão de Brasília (America/Sao_Paulo)'],
    ['es', 'domingo, 6 de diciembre de 2026', '6:00', '(America/Sao_Paulo)'],
    ['it', 'domenica 6 dicembre 2026', '06:00', '(America/Sao_Paulo)'],
    ['de', 'Sonntag, 6. Dezember 2026', '06:00', 'Brasília-Normalzeit (America/Sao_Paulo)'],
  ] as const)(
    '%s: says that it is planned, why, until when, and that nothing is lost',
    (language, date, time, zone) => {
      const page = pageOf({}, {}, language)
      const { messages, maintenance, request } = WORDS[language]
      expect(page).toContain(`<html lang="${language}">`)
      expect(page).toContain(`<title>${maintenance.title}</title>`)
      for (const text of [messages.maintenance, maintenance.nothingLost, maintenance.again])
        expect(page).toContain(text)
      expect(page).toContain('Monthly patching')
      const end = /<time datetime="2026-12-06T09:00:00.000Z">(.*?)<\/time>/.exec(page)?.[1]
      expect(end?.toLowerCase()).toContain(date.toLowerCase())
      expect(end).toContain(time)
      expect(page.toLowerCase()).toContain(zone.toLowerCase())
      expect(page).toContain(`${request} r-1`)
    },
  )

  test('is told in the winter or summer time of its own end', () => {
    const berlin = (end: string) => pageOf({ timeZone: 'Europe/Berlin', untilMs: Date.parse(end) }, { nowMs: 0 }, 'de')
    expect(berlin('2026-07-05T04:00:00Z')).toMatch(/06:00.*Sommerzeit/)
    expect(berlin('2026-12-06T05:00:00Z')).toMatch(/06:00.*Normalzeit/)
  })

  test('rounds the end up to the minute', () => {
    expect(pageOf({ untilMs: NOW_MS + HOUR_MS - 30_000 })).toContain('2026-12-06T09:00:00.000Z')
  })

  test.each(LANGUAGES)('%s: says so where the end is not known, or has passed', language => {
    for (const untilMs of [undefined, NOW_MS, NOW_MS - 1]) {
      const page = pageOf({ untilMs }, {}, language)
      expect(page).toContain(WORDS[language].maintenance.untilUnknown)
      expect(page).not.toContain('<time')
    }
  })

  test('does not go on telling an end that has passed since', () => {
    const closedRoute = { ...PATCHING }
    expect(maintenancePage(closedRoute, 'en', VISIT)).toContain('<time')
    expect(maintenancePage(closedRoute, 'en', { ...VISIT, nowMs: NOW_MS + HOUR_MS })).not.toContain('<time')
    expect(maintenancePage(closedRoute, 'de', VISIT)).toContain('<html lang="de">')
  })

  test.each([
    [1, '5'],
    [60, '60'],
    [300, '300'],
    [14_400, '300'],
  ])('with Retry-After %i it loads itself again after %s s', (retryAfterS, seconds) => {
    expect(refreshOf(pageOf({}, { retryAfterS }))).toBe(seconds)
  })

  test('to who sent something it says that it was not carried out, and it does not load again over what was sent', () => {
    const page = pageOf({}, { repeatable: false }, 'pt')
    expect(page).toContain(WORDS.pt.maintenance.notCarriedOut)
    expect(page).not.toContain(WORDS.pt.maintenance.again)
    expect(refreshOf(page)).toBeUndefined()
  })

  test('nothing in it comes from elsewhere, and nothing runs', () => {
    expect(pageOf()).not.toMatch(/<script|<img|<link|\bsrc=|href=|url\(|https?:/)
  })

  test('whatever the reason says is text', () => {
    const plain = pageOf({ reason: 'x' })
    const tags = (page: string) => page.match(/<[^>]*>/g)
    const nasty = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom(...'<>"\'&/=a; ') }))
    fc.assert(
      fc.property(nasty, reason => {
        const page = pageOf({ reason })
        expect(tags(page)).toEqual(tags(plain))
        expect(page).toContain(`dir="auto">${escapeHtml(reason)}</dd>`)
      }),
    )
    expect(pageOf({ reason: '<script>alert("1")</script> & more' })).toContain(
      '&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62; &#38; more',
    )
  })
})

describe('the JSON of a maintenance window', () => {
  const jsonOf = (more: Partial<ClosedRoute> = {}, form = JSON_FORM) => {
    const { head, body } = closedRouteAnswer({ ...PATCHING, ...more }, form, VISIT)
    return { head, value: JSON.parse(body.toString()) }
  }

  test('says why and until when', () => {
    const { head, value } = jsonOf({ reason: '"Quotes" & <tags>' })
    expect(value).toEqual({
      status: 503,
      code: 'maintenance',
      title: 'Planned maintenance',
      detail: expect.stringContaining('not carried out'),
      requestId: 'r-1',
      reason: '"Quotes" & <tags>',
      until: '2026-12-06T09:00:00.000Z',
      retryAfterS: 3600,
      error: { code: -32_000, message: value.detail, data: {} },
    })
    expect(head.status).toBe(503)
    expect(fieldValue(head.fields, 'retry-after')).toBe('3600')
    expect(fieldValue(head.fields, 'cache-control')).toBe('no-store')
    expect(fieldValue(head.fields, 'content-type')).toBe('application/json')
  })

  test.each([undefined, NOW_MS])('an end that is not known, or has passed, is null', untilMs => {
    expect(jsonOf({ untilMs }).value.until).toBeNull()
  })
})
