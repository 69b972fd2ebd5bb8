import { expect, test } from 'vitest'
import { AddressOrder, FAILED_MS } from '../../../../src/policy/names/address-order.ts'

function orderOf(...addresses: string[]): AddressOrder {
  const order = new AddressOrder(0)
  order.replace(addresses)
  return order
}

test('connections begin with the addresses in turn, and go on to all others', () => {
  const order = orderOf('a', 'b', 'c')
  expect([1, 2, 3, 4].map(() => order.next(0).join(''))).toEqual(['abc', 'bca', 'cab', 'abc'])
})

test('an address on which a connect has just failed is tried last, for a while', () => {
  const order = orderOf('a', 'b', 'c')
  order.failed('a', 1_000)
  expect([1, 2, 3].map(() => order.next(1_000 + FAILED_MS - 1).join(''))).toEqual(['bca', 'bca', 'cba'])
  expect(order.next(1_000 + FAILED_MS).join('')).toBe('abc')
})

test('where all have failed each is tried all the same', () => {
  const order = orderOf('a', 'b')
  order.failed('a', 0)
  order.failed('b', 0)
  expect(order.next(1).join('')).toBe('ab')
})

test('another list keeps what is known of the addresses that stay', () => {
  const order = orderOf('a', 'b')
  order.failed('a', 0)
  order.replace(['a', 'c'])
  expect(order.next(1).join('')).toBe('ca')
  order.replace(['b'])
  order.replace(['a', 'b'])
  order.failed('z', 0)
  expect(order.next(1).join('')).toBe('ba')
  expect(order.next(1).join('')).toBe('ab')
})
