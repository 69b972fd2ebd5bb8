// An upstream that is one of vigia's own listeners, with a route that leads from there to the same pool.

import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { loadBytes } from '../../../src/config/read/load.ts'
import { expectEach } from './cases.ts'
import { documentOf, problemsOf } from './support.ts'

const at = (url: string) => `- { name: erp-1, url: "${url}" }`
const on = (address: string) => `- { name: web, address: "${address}" }`
const found = (route = 'routes[0]', column = 29) =>
  `9:${column}: pools.erp.upstreams[0].url: this is vigia's own listener "web", and route "${route}" leads from there to this pool again: give the address of the node`

describe('is an error', () => {
  expectEach([
    ['by its address', { upstreams: at('http://127.0.0.1:8080') }, found()],
    ['by the name localhost', { upstreams: at('http://localhost:8080') }, found()],
    ['by no address, which is this machine', { upstreams: at('http://0.0.0.0:8080') }, found()],
    ['where it listens on every address', { listeners: on(':8080'), upstreams: at('http://127.9.9.9:8080') }, found()],
    ['where it listens on both kinds', { listeners: on('[::]:8080'), upstreams: at('http://[::1]:8080') }, found()],
    ['on another machine, too', { listeners: on('10.0.0.5:80'), upstreams: at('http://10.0.0.5') }, found()],
    ['by its name', { listeners: on('erp.example:80'), upstreams: at('http://erp.example') }, found()],
    [
      'where only some of its requests come back',
      {
        routes: '- { name: all, match: { listener: [web], path: /web, method: POST }, pool: erp }',
        upstreams: at('http://127.0.0.1:8080'),
      },
      found('all'),
    ],
  ])

  test('by an address that this machine has', () => {
    const own = Object.values(networkInterfaces()).flatMap(each => each ?? [])
    for (const { address, family } of own) {
      const host = family === 'IPv6' ? `[${address}]` : address
      const problems = problemsOf(documentOf({ listeners: on('[::]:8080'), upstreams: at(`http://${host}:8080`) }))
      expect(problems).toEqual([`test.yaml:${found()}`])
    }
  })
})

describe('is none', () => {
  const other = '{ name: other, address: "127.0.0.1:8081" }'
  expectEach([
    ['on another port', { upstreams: at('http://127.0.0.1:8081') }],
    ['on another address of this machine', { upstreams: at('http://127.0.0.2:8080') }],
    ['of another family', { listeners: on(':8080'), upstreams: at('http://[::1]:8080') }],
    ['on another machine', { listeners: on(':8080'), upstreams: at('http://192.0.2.7:8080') }],
    ['by a name that is not looked up', { upstreams: at('http://erp.example:8080') }],
    [
      'where no route leads from that listener to the pool',
      {
        listeners: `[{ name: web, address: "127.0.0.1:8080" }, ${other}]`,
        routes: '[{ match: { listener: web }, pool: erp }, { match: { listener: other }, pool: nodes }]',
        upstreams: at('http://127.0.0.1:8081'),
        more: '  nodes: { upstreams: [{ name: a, url: "http://192.0.2.7" }] }',
      },
    ],
  ])
})

test('at a start it only warns: its other upstreams may have served for years', () => {
  const text = new TextEncoder().encode(documentOf({ upstreams: at('http://127.0.0.1:8080') }))
  const loaded = loadBytes(text, 'test.yaml', {}, 1, 'start')
  expect(loaded).toMatchObject({ ok: true, warnings: [{ severity: 'warning', path: 'pools.erp.upstreams[0].url' }] })
})
