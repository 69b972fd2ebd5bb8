// The fields of an answer, as a client reads them from its header block.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseResponseHead } from '../../../src/http1/response-head.ts'
import { HeaderDecoder } from '../../../src/http2/hpack/decoder.ts'
import { responseBlock } from '../../../src/http2/response-block.ts'

const DATE = 'Sat, 28 Nov 2026 01:00:00 GMT'
const LIMITS = { headBytes: 65_536, headerCount: 200, targetBytes: 8192 }
const NAMES = ['X-Own', 'Content-Type', 'Server', 'ETag', 'X-Frame-Options', 'Set-Cookie', 'a']

/** Of the answer whose head is this text, twice: what was encoded once is used again. */
function fieldsOf(text: string): string[][] {
  const head = parseResponseHead(text, LIMITS, { text: '', head: undefined })
  if (typeof head === 'string') throw new Error(head)
  return [1, 2].map(() => {
    const block = Buffer.from(responseBlock(head, false, DATE, 'id-1', ''), 'latin1')
    const decoder = new HeaderDecoder()
    expect(decoder.decode(block, 0, block.length, LIMITS)).toBe(true)
    return decoder.entries.slice(0, decoder.count).map(({ name, value }) => `${name}: ${value}`)
  })
}

test('all fields of an upstream arrive, whatever the first one is called', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(NAMES, { minLength: 1 }), names => {
      const own = names.map(name => `${name}: v-${name}`)
      const text = `HTTP/1.1 200 OK\r\n${own.join('\r\n')}\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n`
      const expected = [
        ':status: 200',
        ...own.map(line => line.slice(0, line.indexOf(':')).toLowerCase() + line.slice(line.indexOf(':'))),
        `date: ${DATE}`,
        'content-length: 5',
        'x-request-id: id-1',
      ]
      for (const fields of fieldsOf(text)) expect(fields).toEqual(expected)
    }),
  )
})
