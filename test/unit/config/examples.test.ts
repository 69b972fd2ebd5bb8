// Every configuration in config/ is one that `vigia check` accepts, and names its schema for editors.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { check } from '../../../src/commands/check.ts'
import { loadConfig } from '../../../src/config/read/load.ts'
import { compileRpcReads, isDeclaredRead } from '../../../src/policy/request/rpc-reads.ts'

const FOLDER = resolve(import.meta.dirname, '../../../config')
const FILES = readdirSync(join(FOLDER, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.yaml'))
  .map(file => join(FOLDER, 'examples', file))
/** Those that are configurations by themselves. */
const EXAMPLES = FILES.filter(file => dirname(file).endsWith('examples') || file.endsWith('/vigia.yaml'))

async function run(config: string, env: NodeJS.ProcessEnv = {}) {
  const out: string[] = []
  const err: string[] = []
  const code = await check({ config }, { env, out: line => out.push(line), err: line => err.push(line) })
  return { code, out, err }
}

describe.each([join(FOLDER, 'vigia.yaml'), ...EXAMPLES])('%s', file => {
  test('passes the check without a warning or advice', async () => {
    const { code, out, err } = await run(file)
    expect(err).toEqual([])
    expect(code).toBe(0)
    expect(out).toEqual([expect.stringMatching(/: OK \(\d+ pools?, \d+ upstreams?, \d+ listeners?\)$/)])
  })
})

test.each([join(FOLDER, 'vigia.yaml'), ...FILES])('%s names its schema', file => {
  const schema = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(file, 'utf8'))?.[1] ?? ''
  expect(existsSync(resolve(dirname(file), schema))).toBe(true)
  expect(schema.endsWith('/schema-included.json')).toBe(![join(FOLDER, 'vigia.yaml'), ...EXAMPLES].includes(file))
})

test('the ERPs that people asked for have an example', () => {
  const names = readdirSync(join(FOLDER, 'examples'))
    .filter(name => name.endsWith('.yaml'))
    .sort()
  expect(names).toEqual(
    ['business-central', 'complete', 'erpnext', 'https', 'minimal', 'odoo', 'protheus', 'sap', 'tryton'].map(
      name => `${name}.yaml`,
    ),
  )
})

test('the example in several files asks the route that refuses first, and the one for the rest last', () => {
  const loaded = loadConfig(join(FOLDER, 'examples/several-files/vigia.yaml'), {})
  const names = loaded.ok && loaded.snapshot.routes.map(({ name }) => name)
  expect(names).toEqual(['refuse-database-manager', 'dolibarr', 'odoo', 'rest'])
})

test('the Tryton probe is a call that must be refused with 401', () => {
  const loaded = loadConfig(join(FOLDER, 'examples/tryton.yaml'), {})
  expect(loaded.ok && loaded.snapshot.pools[0]?.health).toMatchObject({
    method: 'POST',
    path: '/erp/',
    headers: { authorization: 'Session cHJvYmU6MTpwcm9iZQ==', 'content-type': 'application/json' },
    body: '{"method":"probe","params":[]}',
    statuses: [{ from: 401, to: 401 }],
  })
})

test('the reads that the examples declare are those of the clients, and no write is among them', () => {
  const declaredIn = (file: string, route: string) => {
    const loaded = loadConfig(join(FOLDER, 'examples', file), {})
    const plan = loaded.ok ? loaded.snapshot.routes.find(({ name }) => name === route)?.retry?.rpcReads : undefined
    const reads = compileRpcReads(plan ?? { methods: [], bodyBytes: 0 })
    return (call: object) => isDeclaredRead(JSON.stringify({ id: 1, ...call }), reads)
  }
  const tryton = declaredIn('tryton.yaml', 'rpc')
  expect(tryton({ method: 'model.sale.sale.search_read', params: [[], 0, 10, null, ['id'], {}] })).toBe(true)
  expect(tryton({ method: 'model.sale.sale.default_get', params: [['company'], {}] })).toBe(true)
  for (const method of ['model.sale.sale.create', 'model.sale.sale.confirm', 'common.db.login', 'wizard.x.execute']) {
    expect(tryton({ method, params: [] }), method).toBe(false)
  }
  const odoo = declaredIn('odoo.yaml', 'web')
  const call = (method: string) => ({ method: 'call', params: { model: 'sale.order', method, args: [], kwargs: {} } })
  expect(odoo(call('web_search_read'))).toBe(true)
  for (const method of ['create', 'write', 'web_save', 'action_confirm', 'unlink'])
    expect(odoo(call(method))).toBe(false)
})

test.each(['sap', 'business-central'])('the head limit of %s takes the token of a user in many groups', name => {
  const loaded = loadConfig(join(FOLDER, `examples/${name}.yaml`), {})
  expect(loaded.ok && loaded.snapshot.limits.headBytes).toBeGreaterThanOrEqual(48 * 1024)
})

test('the complete example leaves out only keys that need a file of the reader', () => {
  const text = readFileSync(join(FOLDER, 'examples/complete.yaml'), 'utf8')
  const schema = JSON.parse(readFileSync(join(FOLDER, 'schema.json'), 'utf8')) as unknown
  const names = new Set<string>()
  JSON.stringify(schema, (key, value) => {
    if (key === 'properties') for (const name of Object.keys(value as object)) names.add(name)
    return value
  })
  expect([...names].filter(name => !new RegExp(`\\b${name}:`).test(text))).toEqual([])
})

describe('vigia check', () => {
  test('counts what is there', async () => {
    const file = join(FOLDER, 'vigia.yaml')
    expect(await run(file)).toEqual({ code: 0, out: [`${file}: OK (1 pool, 3 upstreams, 1 listener)`], err: [] })
  })

  test('exits with 1 and says why where there is no such file', async () => {
    expect(await run('nowhere.yaml')).toEqual({
      code: 1,
      out: [],
      err: ['nowhere.yaml:1:1: the configuration file does not exist: name another with --config FILE'],
    })
  })
})
