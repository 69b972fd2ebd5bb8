// Every configuration in docs/ is one that `vigia check` accepts without a warning. One that shows a few keys only is completed with
// those that every configuration needs.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { formatProblem } from '../../../src/config/forms/problem.ts'
import { loadBytes } from '../../../src/config/read/load.ts'
import { makeCertificate } from '../../support/certificates.ts'
import { type Block, blocksOf, MANUAL } from '../../support/documents.ts'

const NEEDED = {
  listeners: [{ name: 'web', address: ':8080' }],
  routes: [{ match: { host: 'erp.example.com' }, pool: 'erp' }],
  pools: {
    erp: {
      upstreams: [
        { name: 'erp-1', url: 'http://10.0.0.11:8069' },
        { name: 'erp-2', url: 'http://10.0.0.12:8069' },
      ],
    },
  },
  store: './vigia.db',
}
const BLOCKS = MANUAL.flatMap(blocksOf).filter(({ language }) => language === 'yaml')

const folder = mkdtempSync(join(tmpdir(), 'vigia-documents-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(async () => {
  const { cert, key } = await makeCertificate({ names: ['erp.example.com', 'vigia.example.com'] })
  for (const name of ['erp.example.com', 'ca']) {
    writeFileSync(join(folder, `${name}.pem`), cert)
    writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 })
  }
})

test('there are configurations to try', () => {
  expect(BLOCKS.length).toBeGreaterThan(10)
})

describe.each(BLOCKS)('$place', block => {
  test('can be used as it stands', () => {
    expect(problemsOf(block)).toEqual([])
  })
})

test('a configuration that is wrong would be found', () => {
  const block = { place: 'docs/x.md:1', language: 'yaml', text: 'pools: { erp: { healht: tcp } }\n' }
  expect(problemsOf(block)).not.toEqual([])
})

function problemsOf({ place, text }: Block): string[] {
  const shown = parse(text) as Record<string, unknown>
  const isWhole = 'listeners' in shown && 'routes' in shown && 'pools' in shown
  const document = isWhole ? text : stringify({ ...NEEDED, ...shown, pools: { ...NEEDED.pools, ...poolsOf(shown) } })
  const loaded = loadBytes(
    Buffer.from(document.replaceAll('/etc/vigia/', `${folder}/`)),
    join(folder, 'vigia.yaml'),
    environmentOf(text),
  )
  return (loaded.ok ? loaded.warnings : loaded.problems).map(each => `${place}: ${formatProblem(each)}`)
}

/** Keys of a pool that is needed go over those that it needs. */
function poolsOf({ pools = {} }: { pools?: Record<string, object> }): Record<string, object> {
  return Object.fromEntries(
    Object.entries(pools).map(([name, pool]) => [name, { ...NEEDED.pools[name as 'erp'], ...pool }]),
  )
}

/** Secrets that are said to come from the environment. */
function environmentOf(text: string): NodeJS.ProcessEnv {
  return Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'x'.repeat(40)]))
}
