import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHuffman, HUFFMAN_GROWTH } from '../../../src/http2/hpack/huffman.ts'
import { huffmanCode } from '../../support/http2/block-encoder.ts'

function decoded(bytes: Uint8Array): string | undefined {
  const into = Buffer.alloc(Math.ceil(bytes.length * HUFFMAN_GROWTH))
  const length = decodeHuffman(Buffer.from(bytes), 0, bytes.length, into)
  return length < 0 ? undefined : into.toString('latin1', 0, length)
}

describe('the Huffman code of HPACK', () => {
  // RFC 7541 C.4 and C.6.
  test.each([
    ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
    ['a8eb10649cbf', 'no-cache'],
    ['25a849e95ba97d7f', 'custom-key'],
    ['25a849e95bb8e8b4bf', 'custom-value'],
    ['6402', '302'],
    ['aec3771a4b', 'private'],
    ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['9d29ad171863c78f0b97c8e9ae82ae43d3', 'https://www.example.com'],
    [
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ],
  ])('%s is %s', (hex, text) => {
    expect(decoded(Buffer.from(hex, 'hex'))).toBe(text)
    expect(huffmanCode(text).toString('hex')).toBe(hex)
  })

  test('what was encoded is decoded again, all bytes included', () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')
    expect(decoded(huffmanCode(every))).toBe(every)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        const text = Buffer.from(bytes).toString('latin1')
        expect(decoded(huffmanCode(text))).toBe(text)
      }),
    )
  })

  test('a text has one encoding: what is decoded encodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), bytes => {
        const text = decoded(bytes)
        if (text !== undefined) expect(huffmanCode(text)).toEqual(Buffer.from(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['padding of eight bits', 'f1e3c2e5f23a6ba0ab90f4ffff'],
    ['padding with a 0', 'a8eb10649cbe'],
    ['EOS', 'ffffffff'],
    ['EOS after a character', '1fffffffff'],
    ['a character that is cut off', 'fe'],
  ])('refuses %s (RFC 7541 5.2)', (_, hex) => {
    expect(decoded(Buffer.from(hex, 'hex'))).toBeUndefined()
  })
})
