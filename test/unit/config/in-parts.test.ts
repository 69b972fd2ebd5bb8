import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configSchema } from '../../../src/config/document.ts'
import { checkForm } from '../../../src/config/read/check-form.ts'
import { CHECK_OPTIONS } from '../../../src/config/read/check-options.ts'
import { explain } from '../../../src/config/read/explain.ts'
import { inParts } from '../../../src/config/read/in-parts.ts'
import { brokenDocuments } from '../../support/broken-document.ts'

/** In no order: they are told by their place in the file. */
function findingsOf({ errors }: Pick<typeof checkForm, 'errors'>): string[] {
  const findings = explain(errors ?? [], () => undefined)
  return findings.map(finding => JSON.stringify(finding)).sort()
}

describe('the schema in parts', () => {
  test('says of a document the same as the schema in one piece', () => {
    const whole = new Ajv(CHECK_OPTIONS).compile(configSchema)
    let refused = 0
    fc.assert(
      fc.property(brokenDocuments(), document => {
        const fits = whole(document)
        expect(checkForm(document)).toBe(fits)
        expect(findingsOf(checkForm)).toEqual(findingsOf(whole))
        if (!fits) refused += 1
      }),
    )
    expect(refused).toBeGreaterThan(10)
  })

  test('says of each key why it is missing', () => {
    const document = { acme: { email: 'a@b.test' }, listeners: [{ name: 'w', address: ':80', proxyProtocol: {} }] }
    expect(checkForm(document)).toBe(false)
    const whole = new Ajv(CHECK_OPTIONS).compile(configSchema)
    expect(whole(document)).toBe(false)
    expect(findingsOf(checkForm)).toEqual(findingsOf(whole))
    expect(findingsOf(checkForm).filter(each => /is missing: /.test(each)).length).toBeGreaterThan(1)
  })

  test('has a part once that stands in two places, and keeps what is small, or below a choice, where it is', () => {
    const large = { type: 'string', description: 'x'.repeat(200) }
    const small = { type: 'string' }
    const choice = { anyOf: [{ type: 'object', properties: { large } }, small] }
    const part = { $ref: '#/$defs/part0' }
    expect(inParts({ properties: { a: large, b: { items: large }, small, choice } })).toEqual({
      properties: { a: part, b: { items: part }, small, choice: { $ref: '#/$defs/part1' } },
      $defs: { part0: large, part1: choice },
    })
  })
})
