// What becomes of the fields of answers and requests where compression is on.

import { describe, expect, test } from 'vitest'
import {
  codedFields,
  codedTrailers,
  notModifiedFields,
  upwardFields,
  variedFields,
} from '../../../../../src/policy/request/compression/coded-fields.ts'
import { fieldsOf, linesOf } from './support.ts'

describe('a compressed answer', () => {
  test('says how it is encoded, and nothing of the bytes before', () => {
    const answer = [
      'content-type: application/json',
      'ETag: "v1"',
      'Accept-Ranges: bytes',
      'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==',
      'Content-Digest: sha-256=:AAA=:',
      'Repr-Digest: sha-256=:AAA=:',
      'Digest: SHA-256=AAA=',
      'Content-Encoding: identity',
      'Content-Length: 5000',
      'Last-Modified: Mon, 01 Jan 2029 00:00:00 GMT',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
    ]
    expect(linesOf(codedFields(fieldsOf(answer), 'br'))).toEqual([
      'content-type: application/json',
      'ETag: W/"v1"',
      'Last-Modified: Mon, 01 Jan 2029 00:00:00 GMT',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'Content-Encoding: br',
      'Vary: Accept-Encoding',
    ])
  })

  test('loses a tag that is none', () => {
    expect(linesOf(codedFields(fieldsOf(['ETag: v1', 'Vary: *']), 'gzip'))).toEqual([
      'Vary: *',
      'Content-Encoding: gzip',
    ])
  })

  test('has no digests in its trailers', () => {
    const trailers = ['Content-Digest: sha-256=:AAA=:', 'Server-Timing: db;dur=3', 'ETag: "v1"', 'repr-digest: x']
    expect(linesOf(codedTrailers(fieldsOf(trailers)))).toEqual(['Server-Timing: db;dur=3'])
  })
})

describe('Vary', () => {
  test.each([
    [[], ['Vary: Accept-Encoding']],
    [['Vary: Origin'], ['Vary: Origin, Accept-Encoding']],
    [['Vary:'], ['Vary: Accept-Encoding']],
    [
      ['vary: Origin', 'X-A: 1', 'VARY: Cookie'],
      ['vary: Origin', 'X-A: 1', 'VARY: Cookie, Accept-Encoding'],
    ],
    [['Vary: accept-encoding, Origin'], ['Vary: accept-encoding, Origin']],
    [
      ['Vary: Origin', 'Vary: Accept-Encoding'],
      ['Vary: Origin', 'Vary: Accept-Encoding'],
    ],
    [['Vary: *'], ['Vary: *']],
    [['Vary: X-Accept-Encoding'], ['Vary: X-Accept-Encoding, Accept-Encoding']],
  ])('%j becomes %j', (before, after) => {
    expect(linesOf(variedFields(fieldsOf(before)))).toEqual(after)
  })
})

describe('a 304', () => {
  test('names the tag of the answer that the client has', () => {
    const fields = fieldsOf(['ETag: "v1"'])
    expect(linesOf(notModifiedFields(fields, 'W/"v1"'))).toEqual(['ETag: W/"v1"', 'Vary: Accept-Encoding'])
    expect(linesOf(notModifiedFields(fields, '"v1"'))).toEqual(['ETag: "v1"', 'Vary: Accept-Encoding'])
    expect(linesOf(notModifiedFields(fields, undefined))).toEqual(['ETag: "v1"', 'Vary: Accept-Encoding'])
    expect(linesOf(notModifiedFields(fieldsOf(['ETag: W/"v1"']), 'W/"v1"'))[0]).toBe('ETag: W/"v1"')
  })
})

describe('a request, as the upstream gets it', () => {
  const PLAIN = { offload: false, mayHaveCoded: true, style: 'strong' } as const

  test('is the same object where nothing is different', () => {
    const fields = fieldsOf(['Accept-Encoding: gzip', 'Range: bytes=5-', 'If-Range: "v1"', 'If-None-Match: "v1"'])
    expect(upwardFields(fields, PLAIN)).toBe(fields)
  })

  test('says nothing of codings where vigia is to do the work', () => {
    const fields = fieldsOf(['Accept: */*', 'accept-encoding: gzip', 'Accept-Encoding: br'])
    expect(linesOf(upwardFields(fields, { ...PLAIN, offload: true }))).toEqual(['Accept: */*'])
  })

  test('has the upstream’s own tags in its conditions', () => {
    const fields = fieldsOf(['If-None-Match: W/"v1"', 'If-Match: W/"v1", "v2"'])
    expect(linesOf(upwardFields(fields, PLAIN))).toEqual(['If-None-Match: "v1"', 'If-Match: "v1", "v2"'])
    expect(linesOf(upwardFields(fields, { ...PLAIN, style: 'weak' }))).toEqual(linesOf(fields))
  })

  test.each([
    ['a date, which compressed and plain share', 'Mon, 01 Jan 2029 00:00:00 GMT'],
    ['a weak tag', 'W/"v1"'],
  ])('asks for the whole where its range hangs on %s', (_, condition) => {
    const fields = fieldsOf(['Range: bytes=5-', `If-Range: ${condition}`, 'Accept: */*'])
    expect(linesOf(upwardFields(fields, PLAIN))).toEqual(['Accept: */*'])
    // It can't have a compressed one.
    expect(upwardFields(fields, { ...PLAIN, mayHaveCoded: false })).toBe(fields)
  })
})
