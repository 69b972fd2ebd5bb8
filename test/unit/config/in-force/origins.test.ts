// biome-ignore-all lint/suspicious/noTemplateCurlyInString: some texts refer to the environment
// Where values come from, and what is shown of them.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Explained, From } from '../../../../src/config/in-force/explain.ts'
import { findKeys } from '../../../../src/config/in-force/find.ts'
import { documentOf } from '../support.ts'
import { explained, folder, key } from './support.ts'

const FILE = join(folder, 'vigia.yaml')

/** Value or words, and where from. */
function told(from: Explained, path: string): [unknown, From | string] {
  const { value, words, from: origin } = key(from, path)
  const { place, ...rest } = origin
  const where = place && `${place.file === FILE ? '' : `${place.file}:`}${place.line}:${place.column}`
  return [
    value ?? words,
    Object.keys(rest).length === 1
      ? `${rest.by} ${where ?? ''}`.trim()
      : ({ ...rest, ...(where && { where }) } as From),
  ]
}

test('a value is that of the file, at its line, or a default', () => {
  const from = explained(documentOf({ pool: 'health: { path: /up, interval: 4s }', more: 'timeouts: { idle: 5m }' }))
  expect(told(from, 'pools.erp.health.path')).toEqual(['/up', 'file 7:15'])
  expect(told(from, 'pools.erp.health.rise')).toEqual([2, 'default'])
  expect(told(from, 'pools.erp.health.type')).toEqual(['http', 'default'])
  expect(told(from, 'pools.erp.upstreams.erp-1.maxConnections')).toEqual(['no limit', 'default'])
  expect(told(from, 'limits.head')).toEqual(['16KiB', 'default'])
  expect(told(from, 'admin.address')).toEqual(['127.0.0.1:9900', 'default'])
})

test('a short form says at its place what it stands for', () => {
  const from = explained(documentOf({ pool: 'health: tcp', more: 'store: ./v.db\naccessLog: true\ncompress: true' }))
  expect(told(from, 'pools.erp.health.type')).toEqual(['tcp', 'file 7:5'])
  expect(told(from, 'pools.erp.health.interval')).toEqual(['2s', 'default'])
  expect(told(from, 'store.path')).toEqual(['./v.db', 'file 10:1'])
  expect(told(from, 'store.keepDays.audit')).toEqual([400, 'default'])
  expect(told(from, 'accessLog.sample')).toEqual(['100%', 'default'])
  expect(told(from, 'routes[0].compress.level')).toEqual(['fast', { by: 'inherited', key: 'compress.level' }])
})

test('what is inherited is told with the key that has it, and its place', () => {
  const routes = '- { pool: erp, timeouts: { connect: 1s } }'
  const from = explained(
    documentOf({ routes, pool: 'buffer: on', more: 'timeouts: { idle: 5m }\nlimits: { body: 1MiB, headers: 50 }' }),
  )
  expect(told(from, 'routes[0].timeouts.connect')).toEqual(['1s', 'file 4:30'])
  expect(told(from, 'routes[0].timeouts.idle')).toEqual([
    '5m',
    { by: 'inherited', key: 'timeouts.idle', where: '10:13' },
  ])
  expect(told(from, 'routes[0].timeouts.response')).toEqual(['60s', { by: 'inherited', key: 'timeouts.response' }])
  expect(told(from, 'routes[0].maxBody')).toEqual(['1MiB', { by: 'inherited', key: 'limits.body', where: '11:11' }])
  expect(told(from, 'pools.erp.limits.headers')).toEqual([
    50,
    { by: 'inherited', key: 'limits.headers', where: '11:23' },
  ])
  expect(told(from, 'routes[0].buffer.response.memory')).toEqual([
    '1MiB',
    { by: 'inherited', key: 'pools.erp.buffer.response.memory' },
  ])
})

test('what follows from another key, and what the application brings', () => {
  const from = explained(
    documentOf({
      pool: 'application: tryton\n    health: { interval: 800ms }',
      routes: '- { pool: erp, rateLimit: { rate: 90/m } }',
    }),
  )
  expect(told(from, 'pools.erp.health.timeout')).toEqual([
    '800ms',
    { by: 'derived', key: 'pools.erp.health.interval', where: '8:15' },
  ])
  expect(told(from, 'pools.erp.health.downInterval')).toEqual([
    '4s',
    { by: 'derived', key: 'pools.erp.health.interval', where: '8:15' },
  ])
  expect(told(from, 'routes[0].rateLimit.burst')).toEqual([
    2,
    { by: 'derived', key: 'routes[0].rateLimit.rate', where: '4:31' },
  ])
  expect(told(from, 'pools.erp.requestBody')).toEqual([
    'length',
    { by: 'application', key: 'pools.erp.application', where: '7:5' },
  ])
  expect(key(from, 'pools.erp.assets')).toMatchObject({
    from: { by: 'application' },
    value: expect.arrayContaining(['/dist/*']),
  })
})

test('a variable is named; what it holds is shown where it can be no secret', () => {
  const env = { IDLE: '7m', HOST: '10.9.8.7', TOKEN: 'correct-horse-battery', SHORT: 'abc' }
  const pool = 'health: { path: "/${SHORT}", interval: "${EVERY:-3s}", headers: { Authorization: "Bearer ${TOKEN}" } }'
  const from = explained(
    documentOf({
      pool,
      upstreams: '- { name: a, url: "http://${HOST}" }',
      more: 'timeouts: { idle: "${IDLE}" }\ntrustedProxies: ["10.0.0.1", "${HOST}"]',
    }),
    env,
  )
  expect(told(from, 'timeouts.idle')).toEqual(['7m', { by: 'environment', variables: ['IDLE'], where: '10:13' }])
  expect(told(from, 'pools.erp.health.interval')).toEqual([
    '3s',
    { by: 'environment', variables: ['EVERY'], unset: ['EVERY'], where: '7:34' },
  ])
  expect(told(from, 'pools.erp.health.unsureInterval')[1]).toMatchObject({ by: 'derived', variables: ['EVERY'] })
  expect(told(from, 'pools.erp.health.path')[0]).toBe('/${SHORT}')
  expect(told(from, 'pools.erp.health.headers.Authorization')[0]).toBe('Bearer ${TOKEN}')
  expect(told(from, 'pools.erp.upstreams[0].url')[0]).toBe('http://${HOST}')
  expect(told(from, 'trustedProxies')).toEqual([
    ['10.0.0.1', '${HOST}'],
    { by: 'environment', variables: ['HOST'], where: '11:1' },
  ])
  const everything = JSON.stringify(from.root, (name, value) => (name === 'shape' ? undefined : value))
  for (const secret of ['correct-horse', '10.9.8.7', '/abc']) expect(everything).not.toContain(secret)
})

test('a secret is left out wherever it stands, and a file with one is named', () => {
  const secret = 'a-secret-of-enough-characters-0123456789'
  const pool = `affinity: { cookie: SID, keys: [${secret}] }\n    health: { path: /up, body: ${secret}-b, headers: { X-Key: { file: secret.txt }, X-A: hunter22 } }`
  const from = explained(documentOf({ pool, more: `pages: { name: "say ${secret} to nobody" }` }))
  expect(told(from, 'pools.erp.affinity.keys')[0]).toEqual(['***'])
  expect(told(from, 'pages.name')[0]).toBe('say *** to nobody')
  expect(told(from, 'pools.erp.health.headers.X-Key.file')).toEqual([
    'secret.txt',
    { by: 'file', reads: join(folder, 'secret.txt'), where: '8:96' },
  ])
  const everything = JSON.stringify(from.root, (name, value) => (name === 'shape' ? undefined : value))
  for (const each of [secret, 'hunter22', 'content-of-a-file']) expect(everything).not.toContain(each)
})

test('what an anchor or << brings stands where it was taken from, and so do its variables', () => {
  const pool = 'health: &probe { path: /up, interval: 4s, host: "${HOST}" }'
  const more = '  two:\n    health: { <<: *probe, rise: 5 }\n    upstreams: [{ name: a, url: "http://10.0.0.1" }]'
  const from = explained(documentOf({ pool, more, routes: '- { pool: erp }' }), { HOST: 'erp.hidden.test' })
  expect(told(from, 'pools.two.health.interval')).toEqual(['4s', 'file 7:33'])
  expect(told(from, 'pools.two.health.rise')).toEqual([5, 'file 11:27'])
  expect(told(from, 'pools.two.health.host')).toEqual([
    '${HOST}',
    { by: 'environment', variables: ['HOST'], where: '7:47' },
  ])
})

test('what an included file says is told with its place there', () => {
  mkdirSync(join(folder, 'conf.d'))
  writeFileSync(
    join(folder, 'conf.d/two.yaml'),
    'timeouts: { idle: 9m }\nroutes:\n  - { match: { path: /two }, pool: erp }\n',
  )
  const from = explained(
    documentOf({ routes: '- { match: { path: /one }, pool: erp }', more: 'include: [conf.d/*.yaml, none.d/*.yaml]' }),
  )
  expect(key(from, 'timeouts.idle').from.place).toEqual({
    file: expect.stringMatching(/conf\.d\/two\.yaml$/),
    line: 1,
    column: 13,
  })
  expect(key(from, 'routes[1].timeouts.idle').from).toMatchObject({ by: 'inherited', place: { line: 1 } })
  expect(key(from, 'routes[1].match.path').from.place).toMatchObject({
    file: expect.stringContaining('two.yaml'),
    line: 3,
  })
  expect(key(from, 'include').words).toMatch(/^\S*conf\.d\/two\.yaml$/)
})

const asked = explained(documentOf({ routes: '- { name: web.main, pool: erp }' }))
const answer = (text: string) => {
  const found = findKeys(asked, text)
  return found.ok
    ? [...found.keys.map(({ path }) => path.join('/')), ...(found.idle === undefined ? [] : [found.idle])]
    : found.message
}

test.each([
  ['timeouts.idle', ['timeouts/idle']],
  ['routes[0].pool', ['routes/0/pool']],
  ['routes.0.pool', ['routes/0/pool']],
  ['routes.web.main.pool', ['routes/0/pool']],
  ['routes["web.main"].pool', ['routes/0/pool']],
  ['pools.erp.upstreams.erp-1.weight', ['pools/erp/upstreams/0/weight']],
  ['pools.*.retry.attempts', ['pools/erp/retry/attempts']],
  ['routes[].maxBody', ['routes/0/maxBody']],
  [
    'pools.erp.outlier.window',
    ['pools.erp.outlier.window is not in force: has no effect: only serverErrors and latency are judged over a window'],
  ],
  [
    'pools.erp.health.expect.status',
    [
      'pools.erp.health.expect.status is not in force: a tcp probe sends no request: remove this key, or use type: http',
    ],
  ],
  [
    'pools.erp.affinity.ttl',
    ['pools/erp/affinity', 'pools.erp.affinity.ttl is not in force: nothing is below pools.erp.affinity'],
  ],
  ['pools.erp.helth', 'there is no key "pools.erp.helth"; did you mean pools.erp.health?'],
  ['pools.epr.health.rise', 'there is no key "pools.epr.health.rise"; did you mean pools.erp.health.rise?'],
  ['rise', 'there is no key "rise"; did you mean pools.erp.health.rise?'],
  [
    'pools.erp.affinity.constructor',
    'there is no key "pools.erp.affinity.constructor"; below pools.erp.affinity there is nothing',
  ],
  ['routes.web.mian.pool', 'there is no key "routes.web.mian.pool"; did you mean routes.web.main?'],
  ['log.xyzzy', 'there is no key "log.xyzzy"; below log there is level'],
])('%s', (text, expected) => {
  expect(answer(text)).toEqual(expected)
})
