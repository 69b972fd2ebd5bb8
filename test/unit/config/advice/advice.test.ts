// What is legal but unwise: told once, at its place, by its code, and not where a comment allows it.

import { describe, expect, test } from 'vitest'
import { advise } from '../../../../src/config/advice/advise.ts'
import { ADVICE } from '../../../../src/config/advice/codes.ts'
import { formatProblem } from '../../../../src/config/forms/problem.ts'
import { loadBytes } from '../../../../src/config/read/load.ts'
import { documentOf, type Parts, snapshotOf } from '../support.ts'

const PROBED = 'health: { path: /web/health }'
const TWO = '[{ name: a, url: "http://10.0.0.1" }, { name: b, url: "http://10.0.0.2" }]'

function document(parts: Parts & { upstreams?: string } = {}): string {
  const { upstreams = TWO, ...rest } = parts
  return documentOf({ pool: PROBED, ...rest }).replace(/upstreams:\n.*\n/, `upstreams: ${upstreams}\n`)
}

function codesOf(text: string): string[] {
  return advise(snapshotOf(text)).map(({ code, path }) => `${code} ${path.join('.')}`)
}

test('two nodes that are asked whether they work are worth no word', () => {
  expect(codesOf(document())).toEqual([])
})

describe('each is told at its place', () => {
  const route = (text: string) => ({ routes: text })
  test.each<[string, Parts]>([
    ['one-node pools.erp.upstreams', { upstreams: '[{ name: a, url: "http://10.0.0.1" }]' }],
    ['no-probe pools.erp.health', { pool: 'health: off' }],
    ['tcp-probe pools.erp.health', { pool: 'health: tcp' }],
    ['static-probe pools.erp.health', { pool: 'health: { path: /web/static/logo.png }' }],
    ['any-answer-probe pools.erp.health', { pool: 'health: { path: /x, expect: { status: [200-599] } }' }],
    ['long-response-timeout routes.0.timeouts.response', route('- { pool: erp, timeouts: { response: 1h } }')],
    ['long-response-timeout routes.0.timeouts.response', route('- { pool: erp, timeouts: { response: 0 } }')],
    [
      'unsafe-replay routes.0.retry.idempotencyKey',
      route('- { pool: erp, retry: { replay: 1KiB, idempotencyKey: true } }'),
    ],
    [
      'evaded-access routes.0.access',
      route('[{ pool: erp, match: { path: /a, method: GET }, access: { allow: [10.0.0.0/8] } }, { pool: erp }]'),
    ],
    [
      'standby-takes-over pools.erp.upstreams.1.priority',
      { upstreams: '[{ name: a, url: "http://10.0.0.1" }, { name: b, url: "http://10.0.0.2", priority: 1 }]' },
    ],
    [
      'admin-without-tls admin.address',
      {
        more: `admin: { address: "0.0.0.0:9900", tokens: [{ name: a, role: read, hash: "sha256:${'a'.repeat(64)}" }] }`,
      },
    ],
  ])('%s', (expected, parts) => {
    expect(codesOf(document(parts))).toEqual([expected])
  })

  test('programs that wait, other paths, other hosts and a way back by hand are not advised against', () => {
    expect(codesOf(document(route('- { pool: erp, integration: true, timeouts: { response: 1h } }')))).toEqual([])
    const apart =
      '[{ pool: erp, match: { path: /a } }, { pool: erp, match: { path: /ab } }, { pool: erp, match: { host: a.test } }]'
    expect(codesOf(document(route(apart)))).toEqual([])
    const standby = '[{ name: a, url: "http://10.0.0.1" }, { name: b, url: "http://10.0.0.2", priority: 1 }]'
    expect(codesOf(document({ pool: `${PROBED}\n    failback: manual`, upstreams: standby }))).toEqual([])
  })
})

describe('a comment', () => {
  const text = document({ pool: 'health: tcp' })
  const told = (changed: string) => {
    const loaded = loadBytes(Buffer.from(changed), 'test.yaml', {})
    return loaded.ok ? loaded.advice.map(formatProblem) : loaded.problems.map(formatProblem)
  }
  const tells = [expect.stringMatching(/^test\.yaml:7:5: advice: pools\.erp\.health: .* \[tcp-probe\]$/)]

  test('on the line, or right above it, allows what it names and nothing else', () => {
    expect(told(text)).toEqual(tells)
    expect(told(text.replace('health: tcp', 'health: tcp # vigia: allow tcp-probe'))).toEqual([])
    expect(
      told(text.replace('health: tcp', '# vigia: allow one-node, tcp-probe\n    # as it has no page\n    health: tcp')),
    ).toEqual([])
    expect(told(text.replace('health: tcp', 'health: tcp # vigia: allow one-node'))).toEqual(tells)
    expect(told(text.replace('listeners:', 'listeners: # vigia: allow tcp-probe'))).toEqual(tells)
  })
})

test('every code has a reason', () => {
  for (const [code, why] of Object.entries(ADVICE)) expect([code, why.endsWith('.')]).toEqual([code, true])
})
