// The reader's result is a function of the bytes, not of how they were cut; what the writer writes is read back; nothing else is
// taken for a header.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProxiedAddresses, ProxyDetails } from '../../../src/proxy-protocol/header.ts'
import { MOST_TLV_BYTES, proxyHeader } from '../../../src/proxy-protocol/write.ts'
import { amount } from '../../support/thorough.ts'
import { cuts } from '../http1/grammar.ts'
import { cut } from '../http1/support.ts'
import { IPV4_BLOCK, readPieces, tlv, v2 } from './support.ts'

const RUNS = Number(process.env.VIGIA_FUZZ_RUNS ?? amount(2000, 500))

const port = fc.integer({ min: 0, max: 65_535 })
const ipv4 = fc.ipV4()
/** Canonical, and no IPv4 inside. */
const ipv6 = fc.constantFrom('2001:db8::1', '::1', '::', 'fe80::1:0:0:1', '1:2:3:4:5:6:7:8', '1:0:2::', 'ff00::')
const addresses: fc.Arbitrary<ProxiedAddresses> = fc.record({
  source: fc.oneof(ipv4, ipv6),
  sourcePort: port,
  destination: fc.oneof(ipv4, ipv6),
  destinationPort: port,
})
const name = fc.stringMatching(/^[a-z0-9.-]{1,60}$/)
const details: fc.Arbitrary<ProxyDetails> = fc.record(
  {
    alpn: fc.constantFrom('h2', 'http/1.1'),
    authority: name,
    uniqueId: fc.uint8Array({ minLength: 1, maxLength: 128 }).map(bytes => Buffer.from(bytes)),
    ssl: fc.record({ secure: fc.boolean(), verified: fc.boolean(), version: fc.constantFrom('TLSv1.2', 'TLSv1.3') }),
  },
  { requiredKeys: [] },
)
const tlvs = fc
  .array(fc.tuple(fc.constantFrom(1, 2, 4, 5, 0x20, 0x30, 0xe0), fc.string({ maxLength: 20 })), { maxLength: 4 })
  .map(list => Buffer.concat(list.map(([type, value]) => tlv(type, value))))

/** Headers, well formed and nearly so, with what follows them. */
const stream = fc
  .tuple(
    fc.oneof(
      fc
        .tuple(fc.constantFrom('v1' as const, 'v2' as const), addresses, details)
        .map(([v, a, d]) => proxyHeader(v, a, d)),
      fc
        .tuple(fc.constantFrom('2111', '2100', '2000', '2121', '2131', '1111'), tlvs)
        .map(([head, bytes]) => v2(head, Buffer.concat([IPV4_BLOCK, bytes]))),
      fc
        .constantFrom(
          'PROXY UNKNOWN\r\n',
          'PROXY UNKNOWN x\r\n',
          'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n',
          'PROXY TCP6 ::1 ::2 1 2\r\n',
        )
        .map(text => Buffer.from(text)),
    ),
    fc.option(fc.nat({ max: 200 }), { nil: undefined }),
    fc.nat({ max: 255 }),
    fc.string({ maxLength: 40 }),
  )
  .map(([header, at, byte, rest]) => {
    const bytes = Buffer.concat([header, Buffer.from(rest)])
    if (at !== undefined && at < bytes.length) bytes[at] = byte
    return bytes
  })

test('a header reads the same however its bytes are split', () => {
  fc.assert(
    fc.property(stream, cuts, (bytes, positions) => {
      const whole = readPieces([bytes])
      expect(readPieces(cut(bytes, positions))).toEqual(whole)
      expect(readPieces([...bytes].map(byte => Buffer.from([byte])))).toEqual(whole)
    }),
    { numRuns: RUNS },
  )
})

test('arbitrary bytes never throw, and are no header', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 13, maxLength: 300 }), raw => {
      fc.pre(raw[0] !== 0x50 && raw[0] !== 0x0d)
      expect(readPieces([Buffer.from(raw)]).result).toBe('no-header')
    }),
    { numRuns: RUNS },
  )
})

test('what is written is read back: both ends, in one spelling, and the TLVs that fit', () => {
  fc.assert(
    fc.property(fc.constantFrom('v1' as const, 'v2' as const), addresses, details, (version, ends, told) => {
      const bytes = proxyHeader(version, ends, told)
      expect(bytes.length).toBeLessThanOrEqual(version === 'v1' ? 107 : 16 + 36 + MOST_TLV_BYTES)
      const { result, rest } = readPieces([bytes])
      expect(rest).toBe('')
      expect(result).toMatchObject({ addresses: ends })
      if (typeof result !== 'object') throw new Error('is no header')
      // Each of them is as it was told, or was left out whole.
      for (const [key, value] of Object.entries(result.details)) expect(value).toEqual(told[key as keyof ProxyDetails])
      if (version === 'v2') expect(result.details.ssl).toEqual(told.ssl)
    }),
    { numRuns: RUNS },
  )
})

test('nobody knows the addresses: that is said in a form that receivers have to take', () => {
  expect(proxyHeader('v1', undefined, {}).toString()).toBe('PROXY UNKNOWN\r\n')
  expect(readPieces([proxyHeader('v2', undefined, { authority: 'a.test' })]).result).toEqual({
    version: 2,
    addresses: undefined,
    details: {},
  })
})
