// What a reload says has changed: each part and key with before and after, no secret, and nothing where nothing differs.

import { describe, expect, test } from 'vitest'
import { changeText, diffSnapshots, diffText, MOST_CHANGES } from '../../../../src/config/shown/diff.ts'
import { documentOf, type Parts, snapshotOf } from '../support.ts'

const NODE = (name: string, more = '') => `- { name: ${name}, url: "http://10.0.0.${name.at(-1)}:8069"${more} }`
const NODES = (...nodes: string[]) => nodes.join('\n      ')
const KEY = 'a'.repeat(32)

function changes(before: Parts, after: Parts): string[] {
  return diffSnapshots(snapshotOf(documentOf(before)), snapshotOf(documentOf(after))).changes.map(changeText)
}

describe('the difference between two configurations', () => {
  test('is nothing for the same one, whatever its revision', () => {
    const snapshot = snapshotOf(documentOf())
    expect(diffSnapshots(snapshot, { ...snapshot, revision: 9 })).toEqual({ changes: [], total: 0 })
  })

  test('is nothing where a default is written out', () => {
    expect(changes({}, { pool: 'balance: least-connections', more: 'shutdown: 30s' })).toEqual([])
  })

  test('names listeners that came, went and moved', () => {
    const before = '- { name: web, address: ":80" }\n  - { name: old, address: "127.0.0.1:81" }'
    const after = '- { name: web, address: "[::1]:8080" }\n  - { name: new, address: "127.0.0.1:82" }'
    expect(changes({ listeners: before }, { listeners: after })).toEqual([
      'listener web: address 0.0.0.0:80 -> [::1]:8080',
      'listener old removed (127.0.0.1:81)',
      'listener new added (127.0.0.1:82)',
    ])
  })

  test('names upstreams by their pool', () => {
    const before = { upstreams: NODES(NODE('erp-1'), NODE('erp-2')) }
    const after = { upstreams: NODES(NODE('erp-2', ', weight: 50, maxConnections: 8'), NODE('erp-3')) }
    expect(changes(before, after)).toEqual([
      'pool erp: upstream erp-1 removed (http://10.0.0.1:8069)',
      'pool erp: upstream erp-2: weight 100 -> 50',
      'pool erp: upstream erp-2: maxConnections none -> 8',
      'pool erp: upstream erp-3 added (http://10.0.0.3:8069)',
    ])
  })

  test('gives durations, sizes and times as the document writes them, under the names of its keys', () => {
    const before = { pool: 'health: { path: /a, interval: 2s }', more: 'limits: { body: 1MiB }' }
    const after = {
      pool: 'health: { path: /b, interval: 90s }\n    idleTimeout: 2m\n    retryAfter: 2m',
      more: 'limits: { body: 0 }\nadmin: false',
    }
    expect(changes(before, after)).toEqual([
      'route routes[0]: maxBody 1MiB -> no limit',
      'pool erp: health.path /a -> /b',
      'pool erp: health.interval 2s -> 90s',
      'pool erp: health.unsureInterval 500ms -> 22500ms',
      'pool erp: health.downInterval 10s -> 450s',
      'pool erp: retryAfter 5s -> 2m',
      'pool erp: idleTimeout 1m -> 2m',
      'limits.body 1MiB -> no limit',
      'admin.address 127.0.0.1:9900 -> none',
    ])
  })

  test('never tells a secret, only that it changed', () => {
    const pool = (key: string, token: string) =>
      `affinity: { cookie: A, keys: ["${key}"] }\n    health: { path: "/h?t=${token}", headers: { Authorization: "${token}" }, body: "${token}", method: POST }`
    const told = changes({ pool: pool(KEY, 'first-token') }, { pool: pool(KEY.replace('a', 'b'), 'second-token') })
    expect(told).toEqual([
      'pool erp: health.path changed',
      'pool erp: health.headers.authorization changed',
      'pool erp: health.body changed',
      'pool erp: affinity.keys changed',
    ])
  })

  test('finds a route without a name by what it matches, so that one that is put before it is all that is told', () => {
    const before = '- { match: { path: /api }, pool: erp }\n  - { pool: erp }'
    const after = `- { match: { path: /new }, pool: erp }\n  ${before.replace('pool: erp }', 'pool: erp, maxBody: 1GiB }')}`
    expect(changes({ routes: before }, { routes: after })).toEqual([
      'route routes[0] added (/new to pool erp)',
      'route routes[1]: maxBody 128MiB -> 1GiB',
    ])
  })

  test('tells that routes have another order, for the first match wins', () => {
    const [a, b] = ['- { name: a, match: { path: /a }, pool: erp }', '- { name: b, match: { path: /b }, pool: erp }']
    expect(changes({ routes: `${a}\n  ${b}` }, { routes: `${b}\n  ${a}` })).toEqual(['order of routes changed'])
    expect(changes({ routes: `${a}\n  ${b}` }, { routes: b })).toEqual(['route a removed (/a to pool erp)'])
  })

  test('of a whole pool is one change, and its routes tell its name', () => {
    const more = `  sap:\n    upstreams:\n      ${NODES(NODE('sap-1'), NODE('sap-2'))}`
    const routes = '- { name: all, pool: erp }'
    expect(changes({ routes }, { routes: routes.replace('erp', 'sap'), more })).toEqual([
      'route all: pool erp -> sap',
      'pool sap added (sap-1, sap-2)',
    ])
  })

  test('is bounded, and says how much there is', () => {
    const many = (weight: number) =>
      NODES(...Array.from({ length: 300 }, (_, i) => `- { name: n-${i}, url: "http://h${i}:1", weight: ${weight} }`))
    const diff = diffSnapshots(
      snapshotOf(documentOf({ upstreams: many(1) })),
      snapshotOf(documentOf({ upstreams: many(2) })),
    )
    expect(diff.changes.length).toBe(MOST_CHANGES)
    expect(diff.total).toBe(300)
    expect(diffText(diff, 1)).toBe('300 changes: pool erp: upstream n-0: weight 1 -> 2; and 299 more')
  })
})
