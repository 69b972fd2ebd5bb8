import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { preferredLanguage, prefersJson } from '../../../../src/policy/request/negotiate.ts'
import { ANY_UNIT } from '../../../support/any-text.ts'
import { threadMs } from '../../../support/cpu-time.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

describe('prefersJson', () => {
  test.each([
    ['application/json', undefined, true],
    ['application/json, text/plain, */*', undefined, true],
    ['application/problem+json', undefined, true],
    ['Application/JSON; charset=utf-8', undefined, true],
    ['application/*', undefined, true],
    ['text/html;q=0.5, application/json', undefined, true],
    ['text/html, application/json;q=0.9', undefined, false],
    ['application/json;q=0, */*', undefined, false],
    ['application/json;q=0', 'application/json', false],
    ['image/png', 'application/json', true],
    ['text/html, application/json', undefined, false],
    ['text/html, application/json', 'application/json', true],
    [BROWSER, undefined, false],
    [BROWSER, 'application/json', false],
    ['*/*', undefined, false],
    ['*/*', 'application/json', true],
    ['*/*', 'application/vnd.api+json; charset=utf-8', true],
    ['image/png', undefined, false],
    ['', undefined, false],
    [undefined, undefined, false],
    [undefined, 'application/json', true],
    [undefined, 'application/x-www-form-urlencoded', false],
    [';;,,q=, /;q=x', undefined, false],
  ])('Accept %s with a body of %s: %s', (accept, contentType, json) => {
    expect(prefersJson(accept, contentType)).toBe(json)
  })
})

describe('preferredLanguage', () => {
  const AVAILABLE = ['en', 'pt', 'es', 'it', 'de'] as const

  test.each([
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'de'],
    ['pt-BR', 'pt'],
    ['pt-PT,pt;q=0.9,en;q=0.8', 'pt'],
    ['DE-at', 'de'],
    ['zh-Hant-TW, es-419;q=0.3', 'es'],
    ['fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5', 'en'],
    ['it;q=0.2, es;q=0.3, pt;q=0.25', 'es'],
    ['it, de', 'it'],
    ['de, it', 'de'],
    ['de;q=0.5, it;q=0.5', 'de'],
    ['de;q=0.1, de-CH;q=0.9, it;q=0.5', 'de'],
    ['de;q=0', 'en'],
    ['pt;q=0, pt-BR', 'pt'],
    ['en;q=0, *', 'pt'],
    ['en;q=0, de;q=0.4, *;q=0.5', 'pt'],
    ['de;q=0.5, *;q=0.5', 'de'],
    ['*', 'en'],
    ['*;q=0', 'en'],
    ['fr, nl', 'en'],
    ['deu', 'en'],
    ['d', 'en'],
    ['i-klingon', 'en'],
    ['es ; q=1.0 , de ; q=0.9', 'es'],
    [';;,,q=, -;q=x, 7', 'en'],
  ])('Accept-Language %s: %s', (field, language) => {
    expect(preferredLanguage(field, AVAILABLE, 'en')).toBe(language)
  })

  test.each([undefined, '', '*', 'fr', 'it;q=0, *'])('where the client leaves it open (%s), the fallback', field => {
    expect(preferredLanguage(field, AVAILABLE, 'de')).toBe('de')
  })

  const tag = fc.constantFrom(...AVAILABLE, 'fr', 'nl', 'zh')
  const range = fc.record({
    tag,
    region: fc.constantFrom('', '-BR', '-at', '-Latn-419'),
    thousandths: fc.integer({ min: 0, max: 1000 }),
  })
  const fieldOf = (ranges: readonly { tag: string; region: string; thousandths: number }[]) =>
    ranges.map(each => `${each.tag}${each.region};q=${(each.thousandths / 1000).toFixed(3)}`).join(', ')

  test('none is liked better than the one that is chosen, and a refused one only where none is liked', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), fc.constantFrom(...AVAILABLE), (ranges, fallback) => {
        const liking = (language: string) =>
          Math.max(0, ...ranges.filter(each => each.tag === language).map(each => each.thousandths))
        const chosen = preferredLanguage(fieldOf(ranges), AVAILABLE, fallback)
        const most = Math.max(...AVAILABLE.map(liking))
        expect(liking(chosen)).toBe(most)
        if (most === 0) expect(chosen).toBe(fallback)
      }),
    )
  })

  test('regions and letter case make no difference', () => {
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), ranges => {
        const bare = preferredLanguage(fieldOf(ranges.map(each => ({ ...each, region: '' }))), AVAILABLE, 'en')
        expect(preferredLanguage(fieldOf(ranges), AVAILABLE, 'en')).toBe(bare)
        expect(preferredLanguage(fieldOf(ranges).toUpperCase(), AVAILABLE, 'en')).toBe(bare)
      }),
    )
  })

  test('whatever a client sends, it is one of the available languages, and a long field takes no long time', () => {
    fc.assert(
      fc.property(fc.string({ unit: ANY_UNIT }), field => {
        expect(AVAILABLE).toContain(preferredLanguage(field, AVAILABLE, 'en'))
      }),
    )
    const startMs = threadMs()
    for (const piece of ['a', 'a,', ';q=', '; ', 'en;q=0.1,', '*', ' '])
      preferredLanguage(piece.repeat(65_536 / piece.length), AVAILABLE, 'en')
    expect(threadMs() - startMs).toBeLessThan(1000)
  })
})
