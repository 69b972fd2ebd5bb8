// Which answers are compressed, which could have been, and which are nobody's to change.

import { describe, expect, test } from 'vitest'
import type { CompressionPlan } from '../../../../../src/plan/compression.ts'
import { compressionVerdict, compressionWish } from '../../../../../src/policy/request/compression/verdict.ts'
import { fieldsOf, PLAN } from './support.ts'

interface Asked {
  readonly request?: readonly string[]
  readonly status?: number
  readonly length?: number
  readonly nominated?: readonly string[]
  readonly plan?: Partial<CompressionPlan>
}

function verdictOn(answer: readonly string[], asked: Asked = {}) {
  const { request = ['Accept-Encoding: gzip'], status = 200, length = 5000, nominated, plan } = asked
  const whole = { ...PLAN, ...plan }
  return compressionVerdict(whole, compressionWish(fieldsOf(request), whole), {
    status,
    length,
    fields: fieldsOf(answer),
    options: { close: false, keepAlive: true, nominated, upgrade: undefined },
  })
}

const JSON_TYPE = 'Content-Type: application/json'

describe('by its type', () => {
  test.each([
    ['application/json', 'gzip'],
    ['Application/JSON; charset=utf-8', 'gzip'],
    ['text/html', 'gzip'],
    ['text/event-stream', 'gzip'],
    ['application/problem+json', 'gzip'],
    ['application/+json', 'untouched'],
    ['application/json-seq', 'untouched'],
    ['application/xml', 'untouched'],
    ['image/png', 'untouched'],
    ['context/text', 'untouched'],
    ['text', 'untouched'],
    ['', 'untouched'],
  ])('%j: %s', (type, verdict) => {
    expect(verdictOn([`Content-Type: ${type}`])).toBe(verdict)
  })

  test('one that says none is left alone', () => {
    expect(verdictOn([])).toBe('untouched')
  })
})

describe('by its size', () => {
  test.each([
    [0, 'untouched'],
    [1, 'varies'],
    [999, 'varies'],
    [1000, 'gzip'],
    [-1, 'gzip'],
    [-2, 'gzip'],
  ])('%d bytes (below 0: not known): %s', (length, verdict) => {
    expect(verdictOn([JSON_TYPE], { length })).toBe(verdict)
  })

  test('a client that refuses it as it is gets even little compressed', () => {
    const request = ['Accept-Encoding: gzip, identity;q=0']
    expect(verdictOn([JSON_TYPE], { length: 1, request })).toBe('gzip')
    expect(verdictOn([JSON_TYPE], { request: ['Accept-Encoding: identity;q=0'] })).toBe('varies')
  })
})

describe('what is not compressed', () => {
  test.each<[string, readonly string[], Asked]>([
    ['for a client that accepts nothing', [JSON_TYPE], { request: [] }],
    [
      'to a request with no-transform',
      [JSON_TYPE],
      { request: ['Accept-Encoding: gzip', 'Cache-Control: no-cache, No-Transform'] },
    ],
    ['compressed already', [JSON_TYPE, 'Content-Encoding: br'], {}],
    ['compressed by something that vigia does not know', [JSON_TYPE, 'Content-Encoding: aes128gcm'], {}],
    ['a part', [JSON_TYPE, 'Content-Range: bytes 0-9/20'], { status: 206 }],
    ['a part that says no more than its status', [JSON_TYPE], { status: 206 }],
    ['a refusal of a range', [JSON_TYPE, 'Content-Range: bytes */20'], { status: 416 }],
    ['a 304', ['ETag: "a"'], { status: 304 }],
    ['a 304 that says its type', [JSON_TYPE], { status: 304 }],
  ])('%s: but it could have been', (_, answer, asked) => {
    expect(verdictOn(answer, asked)).toBe('varies')
  })

  test.each<[string, readonly string[], Asked]>([
    ['an answer with no-transform', [JSON_TYPE, 'Cache-Control: max-age=60', 'Cache-Control: No-Transform'], {}],
    ['a part with no-transform', [JSON_TYPE, 'Cache-Control: no-transform'], { status: 206 }],
    ['a 304 with no-transform', ['Cache-Control: no-transform'], { status: 304 }],
    ['a 304 of another type', ['Content-Type: image/png'], { status: 304 }],
    ['a signed answer', [JSON_TYPE, 'Signature-Input: sig1=("content-digest")'], {}],
    ['a 204', [JSON_TYPE], { status: 204, length: -1 }],
    ['a 205', [JSON_TYPE], { status: 205, length: -1 }],
    ['one whose Vary is for this hop only', [JSON_TYPE, 'Vary: Origin'], { nominated: ['vary'] }],
  ])('%s: nor is anything else of it changed', (_, answer, asked) => {
    expect(verdictOn(answer, asked)).toBe('untouched')
  })

  test.each([
    'Cache-Control: private="no-transform"',
    'Cache-Control: no-transformation, x-no-transform',
    'Cache-Control: private="a\\", no-transform"',
    'Content-Encoding: identity',
    'Content-Encoding: Identity , identity',
    'Content-Encoding:',
  ])('%s is no reason', line => {
    expect(verdictOn([JSON_TYPE, line])).toBe('gzip')
  })

  test.each(['Content-Encoding: identity, gzip', 'Content-Encoding: identityx', 'Content-Encoding: xidentity'])(
    '%s is one',
    line => {
      expect(verdictOn([JSON_TYPE, line])).toBe('varies')
    },
  )

  test('errors, and answers to unsafe requests, are', () => {
    for (const status of [200, 201, 404, 422, 500, 599]) expect(verdictOn([JSON_TYPE], { status })).toBe('gzip')
  })
})

describe('beside secrets', () => {
  const plan = { secrets: true }
  const anybody = ['Accept-Encoding: gzip']
  test.each<[string, readonly string[], readonly string[], string]>([
    ['a page for anybody', anybody, [JSON_TYPE], 'gzip'],
    ['a page of one with a cookie', [...anybody, 'Cookie: session=1'], [JSON_TYPE], 'varies'],
    ['an answer to credentials', [...anybody, 'Authorization: Bearer x'], [JSON_TYPE], 'varies'],
    ['a page that sets a cookie', anybody, [JSON_TYPE, 'Set-Cookie: csrf=1'], 'varies'],
    [
      'a file for all, to one with a cookie',
      [...anybody, 'Cookie: a=1'],
      [JSON_TYPE, 'Cache-Control: public, max-age=9'],
      'gzip',
    ],
    ['one for all that sets a cookie', anybody, [JSON_TYPE, 'Cache-Control: public', 'Set-Cookie: csrf=1'], 'varies'],
  ])('%s', (_, request, answer, verdict) => {
    expect(verdictOn(answer, { request, plan })).toBe(verdict)
  })

  test('where no secrets are declared, cookies make no difference', () => {
    const request = ['Accept-Encoding: gzip', 'Cookie: session=1', 'Authorization: Bearer x']
    expect(verdictOn([JSON_TYPE, 'Set-Cookie: a=1'], { request })).toBe('gzip')
  })
})
