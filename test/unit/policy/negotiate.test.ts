import { describe, expect, test } from 'vitest'
import { prefersJson } from '../../../src/policy/negotiate.ts'

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
