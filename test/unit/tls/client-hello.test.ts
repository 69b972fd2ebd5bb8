// What a ClientHello asks for: hellos of a real client, in pieces, spread over records, and bent.

import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readClientHello } from '../../../src/tls/client-hello.ts'
import { helloOf } from '../../support/client-hello.ts'

let hello: Buffer
let bare: Buffer
beforeAll(async () => {
  hello = await helloOf({ servername: 'ERP.Example', ALPNProtocols: ['h2', 'http/1.1'] })
  bare = await helloOf({ servername: '', maxVersion: 'TLSv1.2' })
})

test('host and protocols are read', () => {
  expect(readClientHello(hello)).toEqual({ serverName: 'erp.example', protocols: ['h2', 'http/1.1'] })
  expect(readClientHello(bare)).toEqual({ serverName: undefined, protocols: [] })
})

test('it waits for the last byte, and for no other', () => {
  for (let end = 1; end < hello.length; end += 1) expect(readClientHello(hello.subarray(0, end))).toBeUndefined()
  expect(readClientHello(Buffer.concat([hello, Buffer.from('more')]))?.serverName).toBe('erp.example')
})

/** The same message in records of at most `size` bytes. */
function inRecords(size: number): Buffer {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += size) {
    const piece = message.subarray(at, at + size)
    records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece)
  }
  return Buffer.concat(records)
}

test.each([30, 100, 500])('records of %i bytes mean the same', size => {
  const bytes = inRecords(size)
  expect(readClientHello(bytes)?.serverName).toBe('erp.example')
  expect(readClientHello(bytes.subarray(0, -1))).toBeUndefined()
})

describe('what is no hello asks for nothing:', () => {
  const nothing = { serverName: undefined, protocols: [] }
  test.each([
    ['another message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
    ['nothing but empty records', Buffer.from(Array(64).fill([22, 3, 1, 0, 0]).flat())],
    ['one in records of a byte each', Buffer.from(Array(64).fill([22, 3, 1, 0, 1, 1]).flat())],
    ['another record behind the first', Buffer.from([22, 3, 1, 0, 2, 1, 0, 23])],
    ['one longer than anybody sends', Buffer.from([22, 3, 1, 0, 4, 1, 0, 0x3f, 0xfd])],
    ['one that ends within its lists', Buffer.from([22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3])],
  ])('%s', (_, bytes) => {
    expect(readClientHello(bytes)).toEqual(nothing)
  })
})

test('bytes that are changed, left out or made up never make it throw, nor wait beyond its bound', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 5 }),
      fc.nat(600),
      fc.uint8Array({ maxLength: 64 }),
      (changes, cut, more) => {
        const bytes = Buffer.concat([hello.subarray(0, cut), more])
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        readClientHello(bytes)
        expect(readClientHello(Buffer.concat([bytes, Buffer.alloc(70_000, 22)]))).toBeDefined()
      },
    ),
  )
})
