// Reading of PROXY headers, rule by rule (proxy-protocol.txt 2.1 and 2.2).

import { describe, expect, test } from 'vitest'
import { crc32c } from '../../../src/proxy-protocol/crc32c.ts'
import { IPV4_BLOCK, read, tlv, v2 } from './support.ts'

const addresses = (source: string, sourcePort: number, destination: string, destinationPort: number) => ({
  source,
  sourcePort,
  destination,
  destinationPort,
})
const IPV4 = addresses('192.0.2.7', 50_000, '198.51.100.1', 443)
const GET = 'GET / HTTP/1.1\r\n'

describe('version 1', () => {
  test.each([
    ['PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\n', IPV4],
    [
      'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n',
      addresses('255.255.255.255', 65_535, '255.255.255.255', 65_535),
    ],
    ['PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n', addresses('0.0.0.0', 0, '0.0.0.0', 0)],
    ['PROXY TCP6 2001:db8::1 2001:DB8:0:0:0:0:0:2 1 80\r\n', addresses('2001:db8::1', 1, '2001:db8::2', 80)],
    ['PROXY TCP6 ::1 :: 1 2\r\n', addresses('::1', 1, '::', 2)],
    ['PROXY TCP6 1:0:0:2:0:0:0:3 0:0:1::0 1 2\r\n', addresses('1:0:0:2::3', 1, '0:0:1::', 2)],
    ['PROXY TCP6 ::ffff:192.0.2.7 ::ffff:c633:6401 50000 443\r\n', IPV4],
    [
      `PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`,
      addresses(`${'ffff:'.repeat(7)}ffff`, 65_535, `${'ffff:'.repeat(7)}ffff`, 65_535),
    ],
  ])('%j names both ends', (line, expected) => {
    expect(read(line + GET)).toEqual({ result: { version: 1, addresses: expected, details: {} }, rest: GET })
  })

  test.each([
    'PROXY UNKNOWN\r\n',
    'PROXY UNKNOWN 192.0.2.7 198.51.100.1 50000 443\r\n',
    'PROXY UNKNOWN  anything \x00\xff\r\n',
    `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`,
  ])('%j leaves the addresses of the connection', line => {
    expect(read(line + GET)).toEqual({ result: { version: 1, addresses: undefined, details: {} }, rest: GET })
  })

  test.each([
    ['another family', 'PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a family in lower case', 'PROXY tcp4 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a word that only begins with UNKNOWN', 'PROXY UNKNOWNS\r\n'],
    ['IPv6 addresses as TCP4', 'PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n'],
    ['IPv4 addresses as TCP6', 'PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a port behind an address', 'PROXY TCP4 192.0.2.7:1 198.51.100.1 1 2\r\n'],
    ['brackets', 'PROXY TCP6 [::1] ::2 1 2\r\n'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n'],
    ['a zero in front of an octet', 'PROXY TCP4 192.0.02.7 198.51.100.1 1 2\r\n'],
    ['an octet above 255', 'PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n'],
    ['three octets', 'PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n'],
    ['nine groups', 'PROXY TCP6 1:2:3:4:5:6:7:8:9 ::2 1 2\r\n'],
    ['two gaps', 'PROXY TCP6 1::2::3 ::2 1 2\r\n'],
    ['a zero in front of a port', 'PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n'],
    ['a port above 65535', 'PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n'],
    ['a signed port', 'PROXY TCP4 192.0.2.7 198.51.100.1 +1 2\r\n'],
    ['no port', 'PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n'],
    ['two spaces', 'PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a tab', 'PROXY TCP4\t192.0.2.7 198.51.100.1 1 2\r\n'],
    ['a space at the end', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n'],
    ['more behind the ports', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n'],
    ['a bare LF', `PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n${GET}`],
    ['a bare CR', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\r\n'],
    ['a bare LF behind UNKNOWN', `PROXY UNKNOWN\n${GET}`],
    ['nothing', 'PROXY \r\n'],
  ])('with %s is malformed', (_, line) => {
    expect(read(line).result).toBe('malformed')
  })

  test('a line may have 107 bytes with its end, and is waited for no longer', () => {
    expect(read(`PROXY UNKNOWN ${'x'.repeat(92)}`).result).toBeUndefined()
    expect(read(`PROXY UNKNOWN ${'x'.repeat(93)}`).result).toBe('too-long')
    expect(read(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`).result).toBe('too-long')
  })
})

describe('version 2', () => {
  test('names both ends, over IPv4 and IPv6', () => {
    expect(read(Buffer.concat([v2('2111', IPV4_BLOCK), Buffer.from(GET)]))).toEqual({
      result: { version: 2, addresses: IPV4, details: {} },
      rest: GET,
    })
    const ends = '20010db8000000000000000000000001' + '00000000000000000000ffffc6336401'
    expect(read(v2('2121', Buffer.from(`${ends}c35001bb`, 'hex'))).result).toEqual({
      version: 2,
      addresses: addresses('2001:db8::1', 50_000, '198.51.100.1', 443),
      details: {},
    })
  })

  test.each([
    ['LOCAL', v2('2000', Buffer.alloc(0))],
    ['LOCAL with addresses', v2('2011', IPV4_BLOCK)],
    ['LOCAL with a family that there is not, and bytes of any form', v2('20ff', Buffer.from('anything'))],
    ['no family', v2('2100', Buffer.alloc(0))],
    ['no family, but bytes', v2('2100', Buffer.from('anything'))],
    ['no transport', v2('2110', IPV4_BLOCK)],
    ['datagrams', v2('2112', IPV4_BLOCK)],
    ['sockets of a file system', v2('2131', Buffer.alloc(216))],
  ])('%s leaves the addresses of the connection', (_, bytes) => {
    expect(read(bytes).result).toEqual({ version: 2, addresses: undefined, details: {} })
  })

  test.each([
    ['version 1 in binary', v2('1111', IPV4_BLOCK)],
    ['version 3', v2('3111', IPV4_BLOCK)],
    ['another command', v2('2211', IPV4_BLOCK)],
    ['another family', v2('2141', IPV4_BLOCK)],
    ['another transport', v2('2113', IPV4_BLOCK)],
    ['addresses that are too short', v2('2111', IPV4_BLOCK.subarray(1))],
    ['addresses of IPv6 that are too short', v2('2121', IPV4_BLOCK)],
    ['a TLV without its length', v2('2111', Buffer.concat([IPV4_BLOCK, Buffer.from([4, 0])]))],
    ['a TLV that is longer than the header', v2('2111', Buffer.concat([IPV4_BLOCK, Buffer.from([4, 0, 1])]))],
    ['two of a TLV', v2('2111', Buffer.concat([IPV4_BLOCK, tlv(5, 'a'), tlv(5, 'b')]))],
    ['an empty unique id', v2('2111', Buffer.concat([IPV4_BLOCK, tlv(5, '')]))],
    ['a unique id of 129 bytes', v2('2111', Buffer.concat([IPV4_BLOCK, tlv(5, 'x'.repeat(129))]))],
    ['an authority of 256 bytes', v2('2111', Buffer.concat([IPV4_BLOCK, tlv(2, 'x'.repeat(256))]))],
    ['a checksum of 3 bytes', v2('2111', Buffer.concat([IPV4_BLOCK, tlv(3, 'abc')]))],
    ['SSL of 4 bytes', v2('2111', Buffer.concat([IPV4_BLOCK, tlv(0x20, '\x01\x00\x00\x00')]))],
    ['SSL with half a TLV in it', v2('2111', Buffer.concat([IPV4_BLOCK, tlv(0x20, '\x01\x00\x00\x00\x00\x21')]))],
  ])('%s is malformed', (_, bytes) => {
    expect(read(bytes).result).toBe('malformed')
  })

  test('its TLVs are read, and those that are not known are passed over', () => {
    const ssl = Buffer.concat([Buffer.from([7, 0, 0, 0, 0]), tlv(0x21, 'TLSv1.3'), tlv(0x23, 'X'), tlv(0x22, 'Zoë')])
    const tlvs = [tlv(4, ''), tlv(1, 'h2'), tlv(2, 'erp.example.com'), tlv(5, '\x00\xff'), tlv(0x20, ssl)]
    const more = [tlv(0x30, 'ns'), tlv(0xe0, 'own'), tlv(0xe0, 'twice'), tlv(4, 'x'.repeat(500))]
    const { result } = read(v2('2111', Buffer.concat([IPV4_BLOCK, ...tlvs, ...more])))
    expect(result).toEqual({
      version: 2,
      addresses: IPV4,
      details: {
        alpn: 'h2',
        authority: 'erp.example.com',
        uniqueId: Buffer.from([0, 255]),
        ssl: { secure: true, verified: true, version: 'TLSv1.3', commonName: 'Zo\ufffd' },
      },
    })
  })

  test.each([
    [[0, 0, 0, 0, 0], { secure: false, verified: false }],
    [[1, 0, 0, 0, 0], { secure: true, verified: false }],
    [[3, 0, 0, 0, 1], { secure: true, verified: false }],
    [[5, 0, 0, 0, 0], { secure: true, verified: true }],
  ])('SSL of the bytes %j: a certificate counts only where one was presented and verified', (bytes, ssl) => {
    const { result } = read(v2('2111', Buffer.concat([IPV4_BLOCK, tlv(0x20, Buffer.from(bytes))])))
    expect(result).toMatchObject({ details: { ssl } })
  })

  test('it takes 16 KiB of TLVs, and not much more', () => {
    const full = tlv(4, 'x'.repeat(16_384 - 3))
    expect(read(v2('2111', Buffer.concat([IPV4_BLOCK, full]))).result).toMatchObject({ addresses: IPV4 })
    expect(read(v2('2111', IPV4_BLOCK, 16_601)).result).toBe('too-long')
    expect(read(v2('2111', IPV4_BLOCK, 65_535)).result).toBe('too-long')
  })

  test('a checksum has to be right', () => {
    const whole = v2('2111', Buffer.concat([IPV4_BLOCK, tlv(5, 'id'), tlv(3, '\0\0\0\0'), tlv(2, 'a.test')]))
    const at = whole.indexOf(Buffer.from([3, 0, 4])) + 3
    whole.writeUInt32BE(crc32c(whole), at)
    expect(read(whole).result).toMatchObject({ addresses: IPV4 })
    for (const byte of [16, 27, at, whole.length - 1]) {
      const changed = Buffer.from(whole)
      changed[byte]! ^= 1
      expect(read(changed).result).toBe('bad-checksum')
    }
  })
})

test('the checksum is CRC-32C (check value of RFC 3720 B.4 and of the catalogue of CRCs)', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
})

test.each([
  'GET / HTTP/1.1\r\n',
  'P',
  'PROXX',
  'proxy TCP4',
  '\x16\x03\x01',
  '\r\n\r\nGET',
  '\r\n\r\n\0\r\nQUIT\r',
  '\0',
])('a connection that begins with %j is known to have no header at its first wrong byte', text => {
  const expected = text === 'P' ? undefined : 'no-header'
  expect(read(text).result).toBe(expected)
})
