// HTTP/2 with prior knowledge on a plain listener: what the key compiles to, and how it is got wrong.

import { expect, test } from 'vitest'
import { expectEach } from './cases.ts'
import { documentOf, snapshotOf } from './support.ts'

const listener = (keys: string) => `- { name: web, address: ":8080", ${keys} }`
const http2Of = (keys: string) => snapshotOf(documentOf({ listeners: listener(keys) })).listeners[0]?.http2

test('is taken where the listener says so', () => {
  expect([http2Of('http2: true'), http2Of('http2: false'), http2Of('tcpKeepAlive: 0')]).toEqual([
    true,
    undefined,
    undefined,
  ])
})

expectEach([
  [
    'a word',
    { listeners: listener('http2: h2c') },
    '2:43: listeners[0].http2: "h2c" is not valid here, expected true or false',
  ],
])
