// Under which key a client is counted.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAddress } from '../../../../src/policy/request/client-address.ts'
import { clientKey } from '../../../../src/policy/request/client-key.ts'

const keyOf = (text: string) => clientKey(parseAddress(text) ?? text)

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:201', '192.0.2.1'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:0DB8:0000:0000:1:2:3:4', '2001:db8:0:0'],
  ['2001:db8:a:b:c:d:e:f', '2001:db8:a:b'],
  ['2001:db8:a:b::', '2001:db8:a:b'],
  ['2001::5:6:7:8:9', '2001:0:0:5'],
  ['1:2:3::5:6:7:8', '1:2:3:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  ['::', '0:0:0:0'],
  ['unknown', 'unknown'],
])('%s is counted as %s', (address, key) => {
  expect(keyOf(address)).toBe(key)
})

test('all addresses of one /64 are one client, in every spelling; another /64 is another', () => {
  const group = fc.integer({ min: 1, max: 0xffff })
  fc.assert(
    fc.property(fc.array(group, { minLength: 12, maxLength: 12 }), groups => {
      const hex = groups.map(each => each.toString(16))
      const network = hex.slice(0, 4)
      const one = [...network, ...hex.slice(4, 8)].join(':')
      const other = [...network, ...hex.slice(8, 12)].map(each => each.toUpperCase().padStart(4, '0')).join(':')
      expect(keyOf(one)).toBe(keyOf(other))
      expect(keyOf(`${network.join(':')}::${hex[4]}`)).toBe(keyOf(one))
      const next = [hex[0], hex[1], hex[2], ((groups[3]! % 0xffff) + 1).toString(16), ...hex.slice(4, 8)].join(':')
      expect(keyOf(next)).not.toBe(keyOf(one))
    }),
  )
})
