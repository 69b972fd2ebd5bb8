// The codec's result is a function of the byte stream, not of how it was cut into reads.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { amount } from '../../support/thorough.ts'
import { cuts, requestStream, responseStream } from './grammar.ts'
import { bytesOf, cut, LIMITS, readRequests, readResponses } from './support.ts'

const RUNS = Number(process.env.VIGIA_FUZZ_RUNS ?? amount(3000, 750))
const SMALL = { headBytes: 60, headerCount: 3, targetBytes: 12 }

test('requests read the same however their bytes are split', () => {
  fc.assert(
    fc.property(requestStream, cuts, fc.constantFrom(LIMITS, SMALL), (bytes, positions, limits) => {
      expect(readRequests(cut(bytes, positions), limits)).toEqual(readRequests([bytes], limits))
    }),
    { numRuns: RUNS },
  )
})

test('requests read byte by byte are the same as in one piece', () => {
  fc.assert(
    fc.property(requestStream, fc.constantFrom(LIMITS, SMALL), (bytes, limits) => {
      const single = [...bytes].map(byte => Buffer.from([byte]))
      expect(readRequests(single, limits)).toEqual(readRequests([bytes], limits))
    }),
    { numRuns: RUNS / 10 },
  )
})

test('responses read the same however their bytes are split', () => {
  fc.assert(
    fc.property(responseStream, cuts, fc.constantFrom(LIMITS, SMALL), (bytes, positions, limits) => {
      expect(readResponses(cut(bytes, positions), 'GET', limits)).toEqual(readResponses([bytes], 'GET', limits))
    }),
    { numRuns: RUNS },
  )
})

test('arbitrary bytes never throw and never hang', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), cuts, (raw, positions) => {
      const bytes = Buffer.from(raw)
      readRequests(cut(bytes, positions))
      readResponses(cut(bytes, positions))
      readRequests(
        cut(
          Buffer.concat([bytesOf('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n'), bytes]),
          positions,
        ),
      )
    }),
    { numRuns: RUNS },
  )
})
