// PROXY protocol on listeners and to upstreams: what the keys compile to, and how they are got wrong.

import { expect, test } from 'vitest'
import { expectEach } from './cases.ts'
import { documentOf, snapshotOf } from './support.ts'

const listener = (keys: string) => `- { name: web, address: ":8080", ${keys} }`

test('a listener takes headers from those that it names; others are refused unless it says otherwise', () => {
  const sendersOf = (keys: string) => snapshotOf(documentOf({ listeners: listener(keys) })).listeners[0]?.proxyProtocol
  expect(sendersOf('proxyProtocol: { from: [10.0.0.5, "fd00::/8"] }')).toEqual({
    from: ['10.0.0.5', 'fd00::/8'],
    others: 'refuse',
  })
  expect(sendersOf('proxyProtocol: { from: [10.0.0.0/8], others: direct }')?.others).toBe('direct')
  expect(sendersOf('tcpKeepAlive: 0')).toBeUndefined()
})

test('a pool says which version its upstreams are sent', () => {
  const versionOf = (pool: string) => snapshotOf(documentOf({ pool })).pools[0]?.proxyProtocol
  expect([versionOf('proxyProtocol: v1'), versionOf('proxyProtocol: v2'), versionOf('')]).toEqual([
    'v1',
    'v2',
    undefined,
  ])
})

expectEach([
  [
    'nobody who sends',
    { listeners: listener('proxyProtocol: {}') },
    '2:51: listeners[0].proxyProtocol: the key "from" is missing: who may say who the client is',
  ],
  [
    'an empty list of senders',
    { listeners: listener('proxyProtocol: { from: [] }') },
    '2:59: listeners[0].proxyProtocol.from: is empty, expected a list with at least one address or range',
  ],
  [
    'a name in place of an address',
    { listeners: listener('proxyProtocol: { from: [lb.example] }') },
    '2:60: listeners[0].proxyProtocol.from[0]: "lb.example" is not an address or range, expected one such as 10.1.2.3, 10.0.0.0/8 or fd00::/8',
  ],
  [
    'everybody',
    { listeners: listener('proxyProtocol: { from: ["0.0.0.0/0"] }') },
    '2:60: warning: listeners[0].proxyProtocol.from[0]: anyone could claim any address as the client: list only your own load balancers',
  ],
  [
    'the word of HAProxy on a listener',
    { listeners: listener('accept-proxy: true') },
    '2:36: listeners[0].accept-proxy: unknown key, did you mean "proxyProtocol"?',
  ],
  [
    'the word of HAProxy for a pool',
    { pool: 'send-proxy-v2: true' },
    '7:5: pools.erp.send-proxy-v2: unknown key, did you mean "proxyProtocol"?',
  ],
  [
    'a version that there is not',
    { pool: 'proxyProtocol: v3' },
    '7:20: pools.erp.proxyProtocol: "v3" is not valid here, expected "v1" or "v2", did you mean "v1"?',
  ],
])
