// Documents of large sites: read in a thread of their own, in time that grows no faster than they do.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vigiaSite } from '../../../bench/sites/large-site.ts'
import { maskAside, readAside } from '../../../src/config/aside/aside.ts'
import { jobs } from '../../../src/config/aside/jobs.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const SITE = { routes: 400, pools: 20, upstreams: 5, windows: 20, port: 8080, adminPort: 9900, upstreamPort: 8101 }

/** CPU time of this thread, ms. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

describe('a large document', () => {
  let folder: string
  let file: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vigia-large-'))
    file = join(folder, 'vigia.yaml')
    writeFileSync(file, vigiaSite({ ...SITE, mark: 'now' }))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is read, compared and masked elsewhere, with the same result', async () => {
    const origin = { file, env: { SECRET: 's' }, purpose: 'start' } as const
    const former = snapshotOf(vigiaSite({ ...SITE, mark: 'before' }), {}, file)
    const began = threadMs()
    const here = jobs.read(origin, former)
    const hereMs = threadMs() - began
    await readAside(origin)
    const sinceMs = threadMs()
    const aside = await readAside(origin, former)
    expect(threadMs() - sinceMs).toBeLessThan(hereMs / 3)
    expect(aside).toEqual(here)
    expect(aside.comparison?.diff.total).toBeGreaterThan(0)
    const text = vigiaSite({ ...SITE, mark: 'now' })
    expect(await maskAside(text)).toBe(jobs.mask(text))
  })

  test('that is refused says so with each place', async () => {
    const { loaded } = await readAside({
      text: vigiaSite({ ...SITE, mark: 'now' }).replace('pool: p7 }', 'pool: none }'),
      file,
      env: {},
    })
    expect(loaded.ok ? [] : loaded.problems.map(({ path }) => path)).toEqual(['routes[7].pool'])
  })
})

test('an anchor may be used hundreds of times', () => {
  const pools = Array.from({ length: 300 }, (_, i) => (i % 2 ? `  p${i}: *pool` : `  p${i}: { <<: *pool }`))
  const routes = pools.map((_, i) => `  - { match: { path: /r${i} }, pool: p${i} }`)
  const text = `listeners: [{ name: web, address: "127.0.0.1:8080" }]
routes:
  - { match: { path: /base }, pool: base }
${routes.join('\n')}
pools:
  base: &pool { upstreams: [{ name: a, url: "http://127.0.0.1:1" }] }
${pools.join('\n')}
`
  expect(snapshotOf(text).pools).toHaveLength(301)
})

test('what aliases unfold to is bounded, and one may not stand within itself', () => {
  const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)
  const unfolding = documentOf({ more: `a0: &a0 [x]\n${levels.join('\n')}` })
  expect(problemsOf(unfolding)).toEqual([expect.stringContaining('the aliases (*name) unfold to too much')])
  expect(problemsOf(documentOf({ more: 'a: &a [*a]' }))).toEqual([expect.stringContaining('unfold to too much')])
})

test('thousands of unknown keys cost no more each than a few', () => {
  const withKeys = (count: number) => {
    const text = documentOf({ more: Array.from({ length: count }, (_, i) => `key${i}: 1`).join('\n') })
    const began = threadMs()
    expect(problemsOf(text).length).toBeGreaterThan(100)
    return threadMs() - began
  }
  withKeys(300)
  const [few, many] = [withKeys(750), withKeys(6000)]
  // Eight times as many: 64 times as long where each is held against all others.
  expect(many).toBeLessThan(few * 12)
})

test('V8 knows the flag that gives the memory of a thread that has ended back at once: an unknown one would be a line on stderr', () => {
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain('--memory-pool-timeout')
})
