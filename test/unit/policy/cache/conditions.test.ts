// What a client has already, and which part it wants (RFC 9110 13, 14).

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasIt, isSame, partOf } from '../../../../src/policy/cache/conditions.ts'

const DATE = 'Sat, 28 Nov 2026 12:00:00 GMT'
const LATER = 'Sat, 28 Nov 2026 12:00:01 GMT'
const VALIDATORS = { etag: '"a"', lastModified: DATE }
const asks = (ifNoneMatch?: string, ifModifiedSince?: string) => ({ ifNoneMatch, ifModifiedSince })

describe('not modified', () => {
  test.each(['"a"', 'W/"a"', '"x", "a"', '"x,y" , W/"a"', '*'])('If-None-Match: %s', value => {
    expect(hasIt(asks(value), VALIDATORS)).toBe(true)
  })

  test.each(['"b"', 'a', '"A"', '', '"', '"a'])('not for If-None-Match: %s', value => {
    expect(hasIt(asks(value), VALIDATORS)).toBe(false)
  })

  test('a date counts only where there is no tag, and is one (RFC 9110 13.1.3)', () => {
    expect(hasIt(asks(undefined, DATE), VALIDATORS)).toBe(true)
    expect(hasIt(asks(undefined, LATER), VALIDATORS)).toBe(true)
    expect(hasIt(asks('"b"', LATER), VALIDATORS)).toBe(false)
    expect(hasIt(asks(undefined, 'Sat, 28 Nov 2026 11:59:59 GMT'), VALIDATORS)).toBe(false)
    expect(hasIt(asks(undefined, '2026-11-29'), VALIDATORS)).toBe(false)
    expect(hasIt(asks(undefined, LATER), { etag: '"a"', lastModified: undefined })).toBe(false)
  })
})

test('a confirmation is about what it names', () => {
  expect(isSame(VALIDATORS, { etag: 'W/"a"', lastModified: undefined })).toBe(true)
  expect(isSame(VALIDATORS, { etag: '"b"', lastModified: DATE })).toBe(false)
  expect(isSame(VALIDATORS, { etag: undefined, lastModified: DATE })).toBe(true)
  expect(isSame(VALIDATORS, { etag: undefined, lastModified: LATER })).toBe(false)
  expect(isSame(VALIDATORS, { etag: undefined, lastModified: undefined })).toBe(true)
})

describe('a part', () => {
  const part = (range: string, ifRange?: string, bytes = 100) => partOf({ range, ifRange }, bytes, VALIDATORS)

  test.each([
    ['bytes=0-9', { start: 0, end: 10 }],
    ['bytes=90-', { start: 90, end: 100 }],
    ['bytes=-5', { start: 95, end: 100 }],
    ['bytes=-500', { start: 0, end: 100 }],
    ['bytes=50-5000', { start: 50, end: 100 }],
    ['Bytes=0-0', { start: 0, end: 1 }],
  ])('%s', (range, found) => {
    expect(part(range)).toEqual(found)
  })

  test.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('%s is nothing there is', range => {
    expect(part(range)).toBe('none')
  })

  test.each(['bytes=0-1,5-6', 'bytes=5-1', 'bytes=-', 'lines=0-1', 'bytes=a-b', 'bytes=0-1x'])(
    '%s is answered with all',
    range => {
      expect(part(range)).toBeUndefined()
    },
  )

  test('If-Range compares strongly (RFC 9110 13.1.5)', () => {
    expect(part('bytes=0-9', '"a"')).toEqual({ start: 0, end: 10 })
    expect(part('bytes=0-9', DATE)).toEqual({ start: 0, end: 10 })
    for (const other of ['"b"', 'W/"a"', LATER, 'x']) expect(part('bytes=0-9', other)).toBeUndefined()
  })

  test('is always within the body', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.nat(10_000),
        fc.option(fc.nat(20_000)),
        fc.option(fc.nat(20_000)),
        (noise, bytes, from, to) => {
          for (const range of [noise, `bytes=${from ?? ''}-${to ?? ''}`]) {
            const found = part(range, undefined, bytes)
            if (found === undefined || found === 'none') continue
            expect(found.start).toBeGreaterThanOrEqual(0)
            expect(found.end).toBeGreaterThan(found.start)
            expect(found.end).toBeLessThanOrEqual(bytes)
          }
        },
      ),
    )
  })
})
