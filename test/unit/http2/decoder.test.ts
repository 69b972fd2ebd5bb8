import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeaderDecoder } from '../../../src/http2/hpack/decoder.ts'
import { encodeField, encodeStatus, NO_TABLE } from '../../../src/http2/hpack/encoder.ts'
import { BlockEncoder, type Field, type Form, integer, string } from '../../support/http2/block-encoder.ts'

const LIMITS = { headBytes: 16_384, headerCount: 100 }
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

const name = fc.stringMatching(/^[a-z:][a-z-]{0,8}$/)
const value = fc.oneof(
  fc.constantFrom('', 'gzip, deflate', 'GET', 'x'.repeat(200)),
  fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes).toString('latin1')),
)

/** The fields of a block, or undefined where it is not valid. */
function read(decoder: HeaderDecoder, block: Buffer, limits = LIMITS): Field[] | undefined {
  // Not at the start of its memory, and with something behind it.
  const around = Buffer.concat([Buffer.from([0x82, 0x84]), block, Buffer.from([0xff, 0x82])])
  if (!decoder.decode(around, 2, 2 + block.length, limits)) return undefined
  return decoder.entries.slice(0, decoder.count).map(({ name, value }) => [name, value])
}

const REQUESTS = [
  ':method: GET\n:scheme: http\n:path: /\n:authority: www.example.com',
  ':method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\ncache-control: no-cache',
  ':method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value',
]

describe('header blocks', () => {
  test.each([
    [
      'C.3, without Huffman',
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
    ],
    [
      'C.4, with Huffman',
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
    ],
  ])('are read as RFC 7541 %s says', (_, blocks) => {
    const decoder = new HeaderDecoder()
    const texts = blocks.map(block =>
      read(decoder, hex(block))
        ?.map(([name, value]) => `${name}: ${value}`)
        .join('\n'),
    )
    expect(texts).toEqual(REQUESTS)
  })

  test('are read with a table from which entries are evicted (as in RFC 7541 C.5, with one of 256 bytes)', () => {
    const decoder = new HeaderDecoder()
    const first =
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d'
    expect(read(decoder, hex(`3fe101${first}`))).toEqual([
      [':status', '302'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ])
    expect(read(decoder, hex('4803 3330 37c1 c0bf'))).toEqual([
      [':status', '307'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ])
    // 302 has been evicted by 307: four entries are left.
    expect(read(decoder, hex('c2'))).toBeUndefined()
  })

  test.each<[why: string, block: Buffer]>([
    ['an index of 0', hex('80')],
    ['an index beyond the static table', hex('be')],
    ['a name beyond the tables', hex('7e 01 61')],
    ['an integer that has no end', hex('ff')],
    ['an integer that is too large', hex('ff ff ff ff ff 0f')],
    ['an integer of many bytes, all 0', hex('ff 80 80 80 80 80 80 00')],
    ['a text that is cut off', hex('40 05 61 62')],
    ['a name without a value', hex('40 01 61')],
    ['a name that is cut off at its length', hex('40')],
    ['bad Huffman code', hex('40 01 61 81 00')],
    ['a table larger than was allowed', hex('3f e2 1f')],
    ['a table resized behind a field', hex('82 20')],
  ])('are refused with %s', (_, block) => {
    expect(read(new HeaderDecoder(), block)).toBeUndefined()
  })

  test('may resize the table twice in front, as one does that made it small for a while', () => {
    const decoder = new HeaderDecoder()
    const encoder = new BlockEncoder()
    const fields: Field[] = [['a', 'b']]
    expect(read(decoder, encoder.block(fields))).toEqual(fields)
    expect(read(decoder, Buffer.concat([encoder.resize(0), encoder.resize(4096), encoder.block(fields)]))).toEqual(
      fields,
    )
    expect(read(decoder, hex('be'))).toEqual(fields)
    expect(read(decoder, hex('bf'))).toBeUndefined()
  })

  test('a field that is larger than the table empties it', () => {
    const decoder = new HeaderDecoder()
    const encoder = new BlockEncoder()
    read(decoder, encoder.block([['a', 'b']]))
    expect(read(decoder, encoder.block([['large', 'x'.repeat(5000)]]))).toEqual([['large', 'x'.repeat(5000)]])
    expect(read(decoder, hex('be'))).toBeUndefined()
  })

  const known = fc.constantFrom<Field[]>([':method', 'GET'], ['cookie', 'a=1'], ['accept', '*/*'], [':path', '/x'])
  const field = fc.oneof(known, fc.tuple(name, value))
  const form = fc.constantFrom<Form[]>('indexed', 'remembered', 'plain', 'never')
  const step = fc.record({
    fields: fc.array(fc.tuple(field, form, fc.boolean()), { maxLength: 12 }),
    table: fc.option(fc.nat(4096), { nil: undefined, freq: 5 }),
  })

  test('are read as they were written, in every form and over many blocks', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), steps => {
        const decoder = new HeaderDecoder()
        const encoder = new BlockEncoder()
        for (const { fields, table } of steps) {
          const block = Buffer.concat([
            ...(table === undefined ? [] : [encoder.resize(table)]),
            ...fields.map(([each, how, huffman]) => encoder.field(each, how, huffman)),
          ])
          expect(read(decoder, block)).toEqual(fields.map(([each]) => each))
        }
      }),
    )
  })

  test('of arbitrary bytes never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), blocks => {
        const decoder = new HeaderDecoder()
        for (const block of blocks) if (read(decoder, Buffer.from(block)) === undefined) break
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a block that is larger than a head may be', () => {
  const cookie: Field = ['cookie', 'c'.repeat(20)]

  test('counts cookies as one field, however many there are', () => {
    const decoder = new HeaderDecoder()
    const block = new BlockEncoder().block(Array.from({ length: 300 }, () => cookie))
    expect(read(decoder, block, { headBytes: 16_384, headerCount: 1 })).toHaveLength(300)
    expect(decoder.excess).toBeUndefined()
  })

  test('has too many fields', () => {
    const decoder = new HeaderDecoder()
    const fields = Array.from({ length: 4 }, (_, i): Field => [`f${i}`, ''])
    expect(
      read(decoder, new BlockEncoder().block([[':path', '/'], ...fields]), { ...LIMITS, headerCount: 3 }),
    ).toHaveLength(4)
    expect(decoder.excess).toBe('too-many-fields')
  })

  test('is too large, also where a few bytes stand for all of it', () => {
    const decoder = new HeaderDecoder()
    const bomb: Field = ['x-bomb', 'b'.repeat(3000)]
    const encoder = new BlockEncoder()
    expect(read(decoder, encoder.block([bomb, bomb, bomb, bomb, bomb, bomb, bomb]))).toHaveLength(5)
    expect(decoder.excess).toBe('head-too-large')
    // The table has stayed in step, and the next block is measured anew.
    expect(read(decoder, encoder.block([bomb]))).toEqual([bomb])
    expect(decoder.excess).toBeUndefined()
  })

  test('still has the fields behind remembered', () => {
    const decoder = new HeaderDecoder()
    const encoder = new BlockEncoder()
    const large: Field = ['large', 'x'.repeat(20_000)]
    const late: Field = ['late', 'value']
    read(decoder, Buffer.concat([encoder.field(large, 'plain', true), encoder.field(late, 'remembered', false)]))
    expect(decoder.excess).toBe('head-too-large')
    expect(read(decoder, encoder.block([late]))).toEqual([late])
  })
})

describe('what is encoded', () => {
  const decode = (text: string): Field[] | undefined => read(new HeaderDecoder(), Buffer.from(text, 'latin1'))

  test.each([
    [200, '88'],
    [204, '89'],
    [206, '8a'],
    [304, '8b'],
    [400, '8c'],
    [404, '8d'],
    [500, '8e'],
    [103, '0803313033'],
    [302, '0803333032'],
    [999, '0803393939'],
  ])('status %i', (status, bytes) => {
    expect(Buffer.from(encodeStatus(status), 'latin1').toString('hex')).toBe(bytes)
    expect(decode(encodeStatus(status))).toEqual([[':status', String(status)]])
  })

  test('is read as it was, with names in lower case', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,150}$/),
        fc.oneof(
          value,
          fc.integer({ min: 100, max: 9000 }).map(length => 'v'.repeat(length)),
        ),
        (name, text) => {
          expect(decode(encodeField(name, text))).toEqual([[name.toLowerCase(), text]])
        },
      ),
    )
  })

  test('marks Set-Cookie as never to be indexed, and no other', () => {
    expect(encodeField('Set-Cookie', 'a').charCodeAt(0) & 0xf0).toBe(0x10)
    expect(encodeField('Server', 'a').charCodeAt(0) & 0xf0).toBe(0)
    expect(encodeField('X-Own', 'a').charCodeAt(0)).toBe(0)
  })

  test('has no memory: the table is given up, and the same field is the same bytes', () => {
    expect(decode(NO_TABLE)).toEqual([])
    expect(encodeField('ETag', '"a"')).toBe(encodeField('ETag', '"a"'))
    expect(encodeField('x', 'y')).toBe(
      Buffer.concat([integer(0, 15, 0), string('x', false), string('y', false)]).toString('latin1'),
    )
  })
})
