import { expect, test } from 'vitest'
import { socketFor, socketInTheWay, unclaimedSockets } from '../../../../src/policy/process/inherited-sockets.ts'

const socket = (host: string, port: number, fd = 3) => ({ fd, host, port })
const place = (host: string, port: number) => ({ name: 'web', host, port })

test('a listener takes the socket with its address, and no other one', () => {
  const sockets = [socket('0.0.0.0', 80), socket('0.0.0.0', 443, 4)]
  expect(socketFor(place('0.0.0.0', 443), sockets)?.fd).toBe(4)
  expect(socketFor(place('::', 443), sockets)).toBeUndefined()
  expect(socketFor(place('0.0.0.0', 8080), sockets)).toBeUndefined()
})

test('a socket of the same port is in the way where one of both is for all addresses', () => {
  expect(socketInTheWay(place('0.0.0.0', 80), [socket('::', 80)])?.host).toBe('::')
  expect(socketInTheWay(place('10.0.0.1', 80), [socket('0.0.0.0', 80)])?.host).toBe('0.0.0.0')
  expect(socketInTheWay(place('10.0.0.1', 80), [socket('10.0.0.2', 80)])).toBeUndefined()
  expect(socketInTheWay(place('::', 80), [socket('::', 443)])).toBeUndefined()
  expect(socketInTheWay(place('::', 80), [socket('0.0.0.0', 80), socket('::', 80, 4)])).toBeUndefined()
})

test('what no listener takes is known, a second socket of one address too', () => {
  const sockets = [socket('::', 80), socket('::', 81, 4), socket('::', 80, 5)]
  expect(unclaimedSockets([place('::', 80)], sockets).map(({ fd }) => fd)).toEqual([4, 5])
})
