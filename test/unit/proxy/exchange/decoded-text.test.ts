// What a body says out of its content coding: bounded, and only where all readers decode it alike.

import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { decodedText } from '../../../../src/proxy/exchange/decoded-text.ts'

const TEXT = '{"method":"model.party.party.read","params":[]}'
const gzipped = gzipSync(TEXT)

test.each([
  [undefined, Buffer.from(TEXT)],
  ['gzip', gzipped],
  ['GZip', gzipped],
  ['x-gzip', gzipped],
  ['deflate', deflateSync(TEXT)],
])('a body in the coding %s has its text', (coding, body) => {
  expect(decodedText(body, coding, 1000)).toBe(TEXT)
})

test.each([
  ['another coding', 'br', brotliCompressSync(TEXT)],
  ['a coding that the body is not in', 'br', Buffer.from(TEXT)],
  ['several codings', 'gzip, gzip', gzipSync(gzipped)],
  ['an empty coding', '', Buffer.from(TEXT)],
  ['gzip that is none', 'gzip', Buffer.from(TEXT)],
  ['gzip without its end', 'gzip', gzipped.subarray(0, -5)],
  ['gzip of two members', 'gzip', Buffer.concat([gzipSync(TEXT.slice(0, 20)), gzipSync(TEXT.slice(20))])],
  ['gzip with an empty member behind', 'gzip', Buffer.concat([gzipped, gzipSync('')])],
  ['gzip with more behind', 'gzip', Buffer.concat([gzipped, Buffer.from(TEXT)])],
  ['nothing in gzip', 'gzip', Buffer.alloc(0)],
  ['raw deflate, which not all take', 'deflate', deflateRawSync(TEXT)],
])('%s has none', (_, coding, body) => {
  expect(decodedText(body, coding, 1000)).toBeUndefined()
})

test('what is longer than allowed has none, on the wire or unpacked: a bomb is not unpacked', () => {
  expect(decodedText(Buffer.from(TEXT), undefined, TEXT.length)).toBe(TEXT)
  expect(decodedText(Buffer.from(TEXT), undefined, TEXT.length - 1)).toBeUndefined()
  expect(decodedText(gzipped, 'gzip', TEXT.length - 1)).toBeUndefined()
  expect(decodedText(gzipSync(Buffer.alloc(10_000_000)), 'gzip', 65_536)).toBeUndefined()
  expect(decodedText(deflateSync(Buffer.alloc(10_000_000)), 'deflate', 65_536)).toBeUndefined()
})
