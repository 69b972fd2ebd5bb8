// What the web clients of Odoo, Frappe and Tryton make of vigia's own answers. Each is read here as its client reads it; tried with the
// clients' own sources, which test/erp/README.md names.

import { describe, expect, test } from 'vitest'
import type { Answer } from '../../../../src/proxy/answers/answers.ts'
import { answer } from '../../../../src/proxy/answers/answers.ts'
import { closedRouteAnswer } from '../../../../src/proxy/answers/closed-route-answer.ts'
import type { AnswerCode } from '../../../../src/proxy/answers/codes.ts'
import type { FormKind } from '../../../../src/proxy/answers/forms.ts'
import { WORDS } from '../../../../src/proxy/answers/pages/languages.ts'
import type { ClosedRoute } from '../../../../src/shared/messages.ts'

const CODES = Object.keys(WORDS.en.messages) as AnswerCode[]
const NOW_MS = Date.parse('2026-12-06T08:00:00Z')
const CLOSED: ClosedRoute = {
  route: 'erp',
  window: 'patching',
  reason: 'New <b>release</b> & "more"',
  timeZone: 'America/Sao_Paulo',
  untilMs: NOW_MS + 3_600_000,
  bypasses: [],
}

const of = (code: AnswerCode, kind: FormKind, language: 'en' | 'pt' = 'pt') => answer(code, 'r-1', { kind, language })
const ofWindow = (kind: FormKind, language: 'en' | 'pt' = 'pt') =>
  closedRouteAnswer(CLOSED, { kind, language }, { requestId: 'r-1', retryAfterS: 9, nowMs: NOW_MS, repeatable: false })

/** Odoo 16 to 18: a 502 is a lost connection, then the body alone counts. A window that shows what is no UserError shows a traceback. */
function readAsOdoo({
  head,
  body,
}: Answer): { readonly result: unknown } | { readonly dialog: string } | 'connection lost' {
  if (head.status === 502) return 'connection lost'
  const { error, result } = JSON.parse(body.toString())
  if (!error) return { result }
  return {
    dialog: error.data.name === 'odoo.exceptions.UserError' ? error.data.arguments[0] : `traceback of ${error.message}`,
  }
}

/** Frappe: whatever the status, messages that the server gives are shown, as HTML. */
function readAsFrappe({ body }: Answer): readonly { title: string; message: string; raise_exception: number }[] {
  return JSON.parse(JSON.parse(body.toString())._server_messages).map((text: string) => JSON.parse(text))
}

describe("Odoo's web client", () => {
  test('never takes an answer for a result, whether or not vigia knows that it is Odoo', () => {
    for (const kind of ['json', 'odoo'] as const) {
      for (const each of [...CODES.map(code => of(code, kind)), ofWindow(kind)])
        expect(readAsOdoo(each)).not.toHaveProperty('result')
    }
  })

  test('shows what the page would say, in the language of the user', () => {
    for (const code of CODES) {
      const said = of(code, 'odoo')
      if (said.head.status === 502) continue
      expect(readAsOdoo(said)).toEqual({ dialog: `${WORDS.pt.messages[code as 'forbidden']}\nSolicitação r-1` })
    }
    const dialog = [
      'A aplicação não está disponível no momento devido a uma manutenção programada.',
      'Motivo: New <b>release</b> & "more"',
      expect.stringMatching(/^Previsão de retorno: .*6 de dezembro de 2026.*06:00, .*America\/Sao_Paulo\)$/),
      'Esta solicitação não foi executada. Envie-a novamente quando a manutenção terminar.',
      'Solicitação r-1',
    ]
    const read = readAsOdoo(ofWindow('odoo')) as { readonly dialog: string }
    expect(read.dialog.split('\n')).toEqual(dialog)
  })

  test('says what is in doubt, instead of that the connection was lost and is back: 504', () => {
    expect(of('in-doubt', 'json').head.status).toBe(502)
    const said = of('in-doubt', 'odoo')
    expect([said.head.status, JSON.parse(said.body.toString()).code]).toEqual([504, 'in-doubt'])
    expect(readAsOdoo(said)).toEqual({ dialog: expect.stringContaining('Verifique antes de enviá-la novamente') })
  })
})

describe("Frappe's", () => {
  test('shows each answer as a message', () => {
    for (const code of CODES) {
      const messages = readAsFrappe(of(code, 'frappe', 'en'))
      expect(messages).toHaveLength(1)
      expect(messages[0]?.message).toContain('Request r-1')
    }
    expect(readAsFrappe(of('in-doubt', 'frappe', 'en'))[0]).toMatchObject({
      title: 'Outcome unknown: check before repeating',
      message: expect.stringContaining('Check before you send it again.'),
    })
    expect(of('in-doubt', 'frappe').head.status).toBe(504)
  })

  test('gets no HTML of what people wrote', () => {
    const [message] = readAsFrappe(ofWindow('frappe'))
    expect(message?.title).toBe('Manutenção programada')
    expect(message?.message).toContain('Motivo: New &#60;b&#62;release&#60;/b&#62; &#38; &#34;more&#34;<br>')
  })
})

test("Tryton's clients read no body, but the phrase: that of a window says until when", () => {
  expect(ofWindow('json').head.reason).toBe('Manutencao ate 06:00')
  expect(of('in-doubt', 'json', 'en').head.reason).toBe('Outcome unknown: check before repeating')
})
