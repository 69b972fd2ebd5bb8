// What `vigia check --explain` prints: a configuration that says the same, told so that a person finds what is asked for.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { explainConfiguration } from '../../../src/commands/explain-configuration.ts'
import { inForceLines } from '../../../src/commands/words/in-force-lines.ts'
import { readBytes } from '../../../src/config/read/load.ts'
import { explained, folder, rest, type Tree } from '../config/in-force/support.ts'

const EXAMPLES = resolve(import.meta.dirname, '../../../config/examples')
/** They have a secret in the file itself, which is left out of what is printed; or a pattern, which a busy machine may refuse. */
const OTHERS = ['complete.yaml', 'protheus.yaml', 'tryton.yaml', 'business-central.yaml']
const PLAIN = [
  ...readdirSync(EXAMPLES).filter(name => name.endsWith('.yaml') && !OTHERS.includes(name)),
  'several-files/vigia.yaml',
]
const FILE = join(folder, 'vigia.yaml')

function run(document: Tree | string, options: Partial<Parameters<typeof explainConfiguration>[0]> = {}) {
  writeFileSync(FILE, typeof document === 'string' ? document : stringify(document))
  return runFile(FILE, options)
}

function runFile(config: string, options: Partial<Parameters<typeof explainConfiguration>[0]> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const io = { env: {}, out: (text: string) => out.push(...text.split('\n')), err: (line: string) => err.push(line) }
  return { code: explainConfiguration({ config, explain: true, ...options }, io), out, err }
}

function planOf(text: string, file: string) {
  const read = readBytes(new TextEncoder().encode(text), file, {}, { revision: 1, purpose: 'start' })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.loaded.snapshot
}

function pool(upstreams: number): Tree {
  return {
    listeners: [{ name: 'web', address: ':8080' }],
    routes: [{ pool: 'erp' }],
    pools: {
      erp: {
        health: { path: '/up' },
        upstreams: Array.from({ length: upstreams }, (_, i) => ({ name: `node-${i}`, url: `http://10.0.0.${i}:8069` })),
      },
    },
  }
}

test.each([...PLAIN, 'what they leave out'])('%s: what is printed is a configuration that says the same', name => {
  const file = PLAIN.includes(name) ? join(EXAMPLES, name) : FILE
  if (file === FILE) writeFileSync(FILE, stringify(rest()))
  const { code, out } = runFile(file)
  expect(code).toBe(0)
  expect(planOf(out.join('\n'), file)).toEqual(planOf(readFileSync(file, 'utf8'), file))
})

test('200 nodes take a line for each of their own words, and what they have alike is said once', () => {
  const { out } = run(pool(200))
  expect(out.length).toBeLessThan(200 * 2 + 250)
  expect(out.filter(line => line.includes('weight: 100'))).toEqual([
    expect.stringMatching(/^ {6}# {3}weight: 100 +# default$/),
  ])
  expect(out.find(line => line.includes('node-7:') || line.includes('- name: node-7 '))).toMatch(/# vigia\.yaml:\d+$/)
})

test('a key is told with what is below it, from the top of the file down', () => {
  expect(run(pool(1), { explain: 'pools.erp.retry' }).out).toEqual([
    'pools.erp.retry:',
    '  attempts: 3       # default',
    '  budget: 20%       # default',
    '  # statuses: none  # default',
    '  timeouts: false   # default',
  ])
  expect(run({ ...pool(1), timeouts: { response: '60s' } }, { explain: 'routes[0].timeouts.response' }).out).toEqual([
    'routes[0].timeouts.response: 60s  # timeouts.response, vigia.yaml:14',
  ])
})

test('as JSON it is one object for each key', () => {
  const { out, code } = run({ ...pool(1), log: { level: 'debug' } }, { explain: 'log', json: true })
  const place = { file: FILE, line: 14, column: 3 }
  expect(code).toBe(0)
  expect(JSON.parse(out.join('\n'))).toEqual({
    file: FILE,
    keys: [{ key: 'log.level', value: 'debug', from: { by: 'file', place } }],
  })
  expect(JSON.parse(run(pool(1), { explain: 'limits.memory', json: true }).out.join('\n')).keys).toEqual([
    {
      key: 'limits.memory',
      value: null,
      words: '80% of what the container, or the machine, has',
      from: { by: 'default' },
    },
  ])
  const idle = run(pool(1), { explain: 'pools.erp.outlier.window', json: true })
  expect(JSON.parse(idle.out.join('\n'))).toEqual({
    file: FILE,
    keys: [],
    idle: expect.stringContaining('only serverErrors and latency are judged over a window'),
  })
})

test('what can not be used is refused as check does', () => {
  const { code, out, err } = run({ ...pool(1), workers: 0 })
  expect({ code, out }).toEqual({ code: 1, out: [] })
  expect(err).toEqual([expect.stringMatching(/vigia\.yaml:13:10: workers: 0 is not valid here/)])
})

test('a key that is not there is wrong usage, and what may be meant is named', () => {
  const { code, out, err } = run(pool(1), { explain: 'pools.erp.helth.rise' })
  expect({ code, out, err }).toEqual({
    code: 2,
    out: [],
    err: ['vigia: there is no key "pools.erp.helth.rise"; did you mean pools.erp.health.rise?'],
  })
})

test('with --strict advice is an error after all is told', () => {
  const { code, out, err } = run(pool(1), { explain: 'log.level', strict: true })
  expect({ code, out }).toEqual({ code: 1, out: ['log.level: info  # default'] })
  expect(err.at(-1)).toMatch(/it is to be strict/)
})

test('in a terminal words are broken, and where defaults come from is dim', () => {
  const lines = inForceLines([explained(pool(1)).root], { file: FILE, columns: 70, color: true })
  const dns = lines.findIndex(line => line.includes('# timeout: `options'))
  expect(lines[dns]!.length).toBeLessThanOrEqual(70)
  expect(lines[dns + 1]).toMatch(/^ {2}# {3}/)
  expect(lines.find(line => line.startsWith('watch:'))).toMatch(/\u001b\[2m# default\u001b\[22m$/)
  expect(lines.find(line => line.includes('/up'))).not.toContain('\u001b')
})
