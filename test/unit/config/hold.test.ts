// What routes hold: what it compiles to, and every way to get it wrong, in words.

import { describe, expect, test } from 'vitest'
import { diffSnapshots, diffText } from '../../../src/config/shown/diff.ts'
import type { HoldPlan } from '../../../src/plan/hold.ts'
import { documentOf, type Parts, problemsOf, snapshotOf } from './support.ts'

const STORE = 'store: vigia.db'
const route = (keys: string, more = STORE): Parts => ({ routes: `- { pool: erp, ${keys} }`, more })
const holdOf = (hold: string): HoldPlan | undefined => snapshotOf(documentOf(route(`hold: ${hold}`))).routes[0]!.hold

test('a route holds nothing unless it says so, and an empty mapping is enough', () => {
  expect(snapshotOf(documentOf({ more: STORE })).routes[0]!.hold).toBeUndefined()
  expect(holdOf('{}')).toEqual({
    during: ['window', 'outage', 'queue-full'],
    paused: 'hold',
    methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
    bodyBytes: 1024 ** 2,
    ttlMs: 7 * 86_400_000,
    maxRequests: 100_000,
    maxBytes: 2 * 1024 ** 3,
    order: { by: 'route' },
    dedupe: 'idempotency-key',
    answer: { status: 202, contentType: 'application/json', body: undefined },
    forward: {
      perSecond: 20,
      concurrency: 4,
      afterMs: 30_000,
      retry: { attempts: 10, firstMs: 5000, mostMs: 600_000 },
    },
    result: { keepMs: 7 * 86_400_000, bodyBytes: 65_536 },
    inDoubt: 'stop',
    callback: undefined,
    rpc: false,
  })
})

test('what it says is taken, in the units of the plan', () => {
  expect(holdOf('{ ttl: 12h, max: { requests: 5 }, forward: { rate: 600/m, retry: { most: 1h } } }')).toMatchObject({
    ttlMs: 43_200_000,
    maxRequests: 5,
    maxBytes: 2 * 1024 ** 3,
    forward: { perSecond: 10, concurrency: 4, retry: { attempts: 10, firstMs: 5000, mostMs: 3_600_000 } },
  })
})

test.each<[string, HoldPlan['order']]>([
  ['client', { by: 'client' }],
  ['"header:X-Shop"', { by: 'header', name: 'x-shop' }],
  ['"json:/customer/id"', { by: 'json', pointer: '/customer/id' }],
])('the order may be that of %s', (order, plan) => {
  expect(holdOf(`{ order: ${order} }`)?.order).toEqual(plan)
})

test('what is held may go out as soon as the pool serves', () => {
  expect(holdOf('{ forward: { after: 0s } }')?.forward.afterMs).toBe(0)
})

test('only a status 200 with XML is an answer for XML-RPC and SOAP', () => {
  const xml = 'contentType: text/xml, body: "<?xml version=\\"1.0\\"?><r>{id} {request-id}</r>"'
  expect(holdOf(`{ answer: { status: 200, ${xml} } }`)?.rpc).toBe(true)
  expect(holdOf(`{ answer: { status: 202, ${xml} } }`)?.rpc).toBe(false)
  expect(holdOf('{ answer: { status: 200, body: "{\\"held\\": \\"{id}\\"}" } }')?.rpc).toBe(false)
})

test('held requests are beside the store unless it is said where', () => {
  expect(snapshotOf(documentOf()).held).toBeUndefined()
  expect(snapshotOf(documentOf({ more: 'store: /var/lib/vigia/vigia.db' })).held).toEqual({
    path: '/var/lib/vigia/held.db',
    keyFiles: [],
  })
  const more = `${STORE}\nheld: { path: /data/orders.db, keyFiles: [/keys/new.key, /keys/old.key] }`
  expect(snapshotOf(documentOf(route('hold: {}', more))).held).toEqual({
    path: '/data/orders.db',
    keyFiles: ['/keys/new.key', '/keys/old.key'],
  })
})

test('a change is told by the keys of the document', () => {
  const [before, after] = ['{}', '{ order: client, forward: { rate: 5/s } }'].map(hold =>
    snapshotOf(documentOf(route(`hold: ${hold}`))),
  )
  expect(diffText(diffSnapshots(before!, after!))).toBe(
    '2 changes: route routes[0]: hold.order route -> client; route routes[0]: hold.forward.rate 20 -> 5',
  )
})

describe('in words', () => {
  test.each<[string, Parts, string]>([
    ['no store', route('hold: {}', ''), 'routes[0].hold: needs a store'],
    ['a store that is off', route('hold: {}', 'store: false'), 'routes[0].hold: needs a store'],
    ['a file for nothing', { more: `${STORE}\nheld: {}` }, 'held: has no effect: no route holds requests'],
    ['a long poll', route('longPoll: true, hold: {}'), 'a long poll can’t be held'],
    ['a body beyond all memory', route('hold: { body: 1GiB }'), 'hold.body: is 1GiB, expected at most 16MiB'],
    [
      'a large body to be parsed',
      route('hold: { body: 2MiB, order: "json:/id" }'),
      'hold.body: is 2MiB, expected at most 1MiB: for order json each body is parsed',
    ],
    ['a body that the route refuses', route('maxBody: 4KiB, hold: { body: 8KiB }'), 'is more than the route takes'],
    ['a read', route('hold: { methods: [GET] }'), 'hold.methods'],
    [
      'no method of the route',
      route('match: { method: GET }, hold: {}'),
      'has no effect: the route does not take POST',
    ],
    ['nothing', route('hold: { during: [], paused: refuse }'), 'hold.during: holds nothing'],
    ['no order', route('hold: { order: fifo }'), '"fifo" is none of route, client, header:NAME'],
    ['the order of a secret', route('hold: { order: "header:Cookie" }'), '"Cookie" is a secret'],
    ['no pointer', route('hold: { order: "json:customer" }'), '"customer" is no JSON pointer'],
    [
      'a wait beyond the longest',
      route('hold: { forward: { retry: { first: 1h } } }'),
      'is longer than the longest wait',
    ],
    ['an answer with nothing in it', route('hold: { answer: { contentType: text/xml } }'), 'set body too'],
    [
      'a variable of nobody',
      route('hold: { answer: { body: "{name}" } }'),
      'there is no variable "{name}", expected {id} or {request-id}',
    ],
    ['no XML', route('hold: { answer: { contentType: text/xml, body: ok } }'), 'hold.answer.body: is no XML'],
    ['a status of nobody', route('hold: { answer: { status: 204 } }'), 'hold.answer.status'],
    [
      'an RPC path',
      route('match: { path: /xmlrpc/2 }, hold: {}'),
      'XML-RPC or SOAP, whose clients take a 202 for an error',
    ],
    ['a life of no length', route('hold: { ttl: 0d }'), 'hold.ttl'],
    ['holders of certificates', route('match: { clientCertificate: any }, hold: {}'), 'without the certificate'],
    ['a callback without a key', route('hold: { callback: { hosts: [shop.example] } }'), 'secretFile'],
    ['a word of others', route('storeAndForward: {}'), 'did you mean "hold"?'],
    ['a word of JetStream', route('hold: { forward: { maxAckPending: 5 } }'), 'did you mean "concurrency"?'],
  ])('%s', (_, parts, problem) => {
    expect(problemsOf(documentOf(parts)).join('\n')).toContain(problem)
  })

  test('nothing is said of what is right', () => {
    expect(
      problemsOf(documentOf(route('match: { path: /api, method: POST }, hold: { order: client, ttl: 90d }'))),
    ).toEqual([])
  })
})
