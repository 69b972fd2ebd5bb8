import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forwardedElement, parseAddress, resolveClient } from '../../../../src/policy/request/client-address.ts'
import { amount } from '../../../support/thorough.ts'

const isTrusted = (address: string) => address.startsWith('10.') || address === '2001:db8::1'
const nobody = () => false
const everybody = () => true

describe('resolveClient', () => {
  test('takes the peer where nobody forwarded', () => {
    expect(resolveClient('192.0.2.7', undefined, isTrusted)).toEqual({ address: '192.0.2.7', chain: '192.0.2.7' })
    expect(resolveClient('::ffff:192.0.2.7', undefined, isTrusted).address).toBe('192.0.2.7')
  })

  test('believes nothing that an untrusted peer says', () => {
    const client = resolveClient('192.0.2.7', '10.0.0.1, 198.51.100.1', isTrusted)
    expect(client).toEqual({ address: '192.0.2.7', chain: '192.0.2.7' })
  })

  test('walks from right to left through trusted hops and drops what the client itself wrote', () => {
    const client = resolveClient('10.0.0.1', '127.0.0.1, 203.0.113.9 ,10.0.0.2,  10.0.0.3', isTrusted)
    expect(client).toEqual({ address: '203.0.113.9', chain: '203.0.113.9, 10.0.0.2, 10.0.0.3, 10.0.0.1' })
  })

  test('takes the leftmost hop where all are trusted', () => {
    expect(resolveClient('10.0.0.1', '10.0.0.3, 10.0.0.2', isTrusted)).toEqual({
      address: '10.0.0.3',
      chain: '10.0.0.3, 10.0.0.2, 10.0.0.1',
    })
  })

  test.each([
    'unknown',
    '_hidden',
    '',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '1.2.3.4:x',
    '<script>',
    '[::1',
    ':::',
    '1:2',
  ])('stops at the entry "%s" and keeps the last good hop', entry => {
    expect(resolveClient('10.0.0.1', `203.0.113.9, ${entry}, 10.0.0.2`, isTrusted).address).toBe('10.0.0.2')
  })

  test('handles ports, brackets and IPv4 in IPv6', () => {
    const first = (entry: string) => resolveClient('10.0.0.1', entry, isTrusted).address
    expect(first('203.0.113.9:4711')).toBe('203.0.113.9')
    expect(first('[2001:DB8::7]:4711')).toBe('2001:db8::7')
    expect(first('[2001:db8::7]')).toBe('2001:db8::7')
    expect(first('2001:db8::7')).toBe('2001:db8::7')
    expect(first('::ffff:203.0.113.9')).toBe('203.0.113.9')
    expect(first('[::FFFF:cb00:7109]:80')).toBe('203.0.113.9')
    expect(first('0:0:0:0:0:ffff:203.0.113.9')).toBe('203.0.113.9')
    expect(first('203.0.113.9, [2001:db8::1]:443')).toBe('203.0.113.9')
  })

  test('reads no more than 32 hops', () => {
    let asked = 0
    const counting = () => {
      asked += 1
      return true
    }
    const client = resolveClient('10.0.0.1', '10.0.0.2,'.repeat(100_000), counting)
    expect(client.address).toBe('10.0.0.1')
    const long = resolveClient('10.0.0.1', Array.from({ length: 100_000 }, () => '10.0.0.2').join(','), counting)
    expect(long.chain.split(', ')).toHaveLength(33)
    expect(asked).toBeLessThan(40)
  })

  test('never trusts further than the first untrusted address from the right, whatever the entries', () => {
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV4().map(text => text.replace(/^\d+/, '10')),
      fc.constant('unknown'),
    )
    fc.assert(
      fc.property(fc.array(address, { maxLength: 6 }), fc.array(fc.ipV4(), { maxLength: 3 }), (left, spoofed) => {
        const honest = resolveClient('10.0.0.1', left.join(','), isTrusted)
        // What stands left of an untrusted entry must not change the result.
        const attacked = resolveClient('10.0.0.1', [...spoofed, '192.0.2.1', ...left].join(', '), isTrusted)
        const walkedThrough = left.every(isTrusted)
        expect(attacked.address).toBe(walkedThrough ? '192.0.2.1' : honest.address)
      }),
    )
    expect(resolveClient('192.0.2.1', '1.1.1.1', nobody).address).toBe('192.0.2.1')
    expect(resolveClient('192.0.2.1', '1.1.1.1', everybody).address).toBe('1.1.1.1')
  })
})

describe('parseAddress', () => {
  test('agrees with node:net on what an address is', () => {
    const almost = fc
      .array(fc.constantFrom(':', '::', '.', '0', '1', '255', '256', 'ffff', 'g', '1.2.3.4', '01'), { maxLength: 10 })
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), almost), text => {
        // One colon and dots is an address with a port: that is more than node:net reads.
        if (/^[\d.]+:\d+$/.test(text)) return
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0)
      }),
      { numRuns: amount(1500) },
    )
  })

  test.each(['1:2:3:4::5:6:7:8', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::1::', '1.2.3.4::', '::1.2.3.4:5'])(
    '%s is no address',
    text => {
      expect(parseAddress(text)).toBeUndefined()
    },
  )

  test('takes off a zone, and spells what it returns so that it parses to itself', () => {
    expect(parseAddress('fe80::1%eth0')).toBe('fe80::1')
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), text => {
        const address = parseAddress(text)!
        expect(parseAddress(address)).toBe(address)
        expect(parseAddress(isIP(text) === 6 ? `[${text}]:80` : `${text}:80`)).toBe(address)
      }),
    )
  })

  test('refuses a huge text at once', () => {
    expect(parseAddress('1'.repeat(1_000_000))).toBeUndefined()
    expect(parseAddress(`${':'.repeat(60)}1`)).toBeUndefined()
  })
})

describe('forwardedElement', () => {
  test('spells an element as RFC 7239 wants it', () => {
    expect(forwardedElement('192.0.2.43', 'erp.example.com', 'https')).toBe(
      'for=192.0.2.43;host=erp.example.com;proto=https',
    )
    expect(forwardedElement('2001:db8::7', 'erp.example.com:8080', 'http', '_vigia')).toBe(
      'by=_vigia;for="[2001:db8::7]";host="erp.example.com:8080";proto=http',
    )
    expect(forwardedElement('::ffff:192.0.2.43', '', 'http')).toBe('for=192.0.2.43;proto=http')
    expect(forwardedElement('unknown', '', 'http', '2001:db8::1')).toBe('by="[2001:db8::1]";for=unknown;proto=http')
  })

  test('lets no host break out of its quotes', () => {
    expect(forwardedElement('192.0.2.43', 'a";for=127.0.0.1;x="\\', 'http')).toBe(
      'for=192.0.2.43;host="a\\";for=127.0.0.1;x=\\"\\\\";proto=http',
    )
  })
})
