// What becomes of a reload: applied, unchanged or refused; what is logged, counted and kept; one after the other.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type LoadedSnapshot, loadConfig } from '../../../../src/config/read/load.ts'
import { Frozen } from '../../../../src/control/configuration/configuration-freeze.ts'
import { Reloader } from '../../../../src/control/configuration/reload.ts'
import { logging } from '../../../../src/control/events/readers.ts'
import { ReloadTally } from '../../../../src/control/report/reload-tally.ts'
import type { Logger } from '../../../../src/logging/logger.ts'
import type { Snapshot } from '../../../../src/plan/snapshot.ts'
import { until } from '../../../support/until.ts'
import { documentOf } from '../../config/support.ts'

let folder: string
let file: string
let reloader: Reloader | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-reload-'))
  file = join(folder, 'vigia.yaml')
})
afterEach(() => {
  reloader?.close()
  rmSync(folder, { recursive: true, force: true })
})

const weight = (value: number) => documentOf({ upstreams: `- { name: erp-1, url: "http://h:1", weight: ${value} }` })

/** A reloader over a real file, with a control plane that takes everything unless told otherwise. */
function setUp(text: string, { apply = async () => {} }: { apply?: (snapshot: Snapshot) => Promise<void> } = {}) {
  writeFileSync(file, text)
  const load = () => loadConfig(file, { TOKEN: 'top-secret-token' })
  const record = new ReloadTally(0)
  const log: string[] = []
  const say = (level: string) => (detail: unknown, message?: string) => void log.push(`${level}: ${message ?? detail}`)
  const logger = { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') } as unknown as Logger
  let revision = 1
  const made = new Reloader({
    file: {
      path: 'vigia.yaml',
      loaded: load() as LoadedSnapshot,
      load: async () => ({ loaded: load(), comparison: undefined }),
    },
    logger,
    inUse: {
      async take(snapshot) {
        await apply(snapshot)
        revision += 1
        return revision
      },
      get revision() {
        return revision
      },
    },
    tell: event => {
      record.count(event)
      logging(logger)(event)
    },
  })
  reloader = made
  return { made, record, log }
}

describe('a reload', () => {
  test('of a changed file is applied, and says what has changed', async () => {
    const { made, record, log } = setUp(weight(100))
    writeFileSync(file, weight(50))
    expect(await made.reload('signal')).toEqual({
      result: 'applied',
      revision: 2,
      changes: ['pool erp: upstream erp-1: weight 100 -> 50'],
      total: 1,
      warnings: [],
    })
    expect(log.filter(line => !line.includes(': advice: '))).toEqual([
      'info: vigia.yaml is in use, revision 2 (SIGHUP); 1 change: pool erp: upstream erp-1: weight 100 -> 50',
    ])
    expect(log.filter(line => line.includes(': advice: ')).length).toBeGreaterThan(0)
    expect(record).toMatchObject({ source: 'signal', tally: { applied: 1, unchanged: 0, refused: 0 } })
    expect(record.last?.error).toBeUndefined()
  })

  test('of a file in which only words have changed applies nothing', async () => {
    const { made, record } = setUp(weight(100), { apply: () => Promise.reject(new Error('asked to apply')) })
    writeFileSync(file, `# a comment\n${weight(100)}shutdown: 30s\n`)
    expect(await made.reload('signal')).toEqual({ result: 'unchanged', revision: 1 })
    expect(record).toMatchObject({ source: 'start', tally: { applied: 0, unchanged: 1, refused: 0 } })
    expect(await made.masked()).toContain('shutdown: 30s')
  })

  test('of a bad file changes nothing, and lists every problem with its place', async () => {
    const { made, record, log } = setUp(weight(100))
    writeFileSync(file, `${weight(-1)}nonsense: true\n`)
    const outcome = await made.reload('api', { by: 'ana' })
    expect(outcome).toEqual({
      result: 'refused',
      problems: [
        expect.stringMatching(/vigia\.yaml:9:\d+: pools\.erp\.upstreams\[0\]\.weight: /),
        expect.stringMatching(/vigia\.yaml:11:1: nonsense: /),
      ],
    })
    expect(log.at(-1)).toBe(
      "error: reload failed (asked for over the admin API by ana): vigia.yaml can't be used; the former configuration stays",
    )
    expect(record.last?.error).toMatch(/weight: .* \(and 1 more\)$/)
    expect(record.tally.refused).toBe(1)
    expect(await made.masked()).toContain('weight: 100')
  })

  test('that workers refuse is refused, and tried again when somebody asks again', async () => {
    let taken = true
    const { made } = setUp(weight(100), {
      apply: async () => {
        if (taken) throw new Error('listener web: 127.0.0.1:80 is in use')
      },
    })
    writeFileSync(file, weight(50))
    expect(await made.reload('signal')).toEqual({
      result: 'refused',
      problems: ['listener web: 127.0.0.1:80 is in use'],
    })
    taken = false
    expect(await made.reload('signal')).toMatchObject({ result: 'applied' })
  })

  test('that comes while another is under way begins after it, with what the file says then; several share one', async () => {
    const weights: (number | undefined)[] = []
    const gates: (() => void)[] = []
    const { made } = setUp(weight(100), {
      apply: snapshot => {
        weights.push(snapshot.pools[0]?.upstreams[0]?.weight)
        return new Promise(resolve => gates.push(resolve))
      },
    })
    writeFileSync(file, weight(50))
    const first = made.reload('signal')
    await until('the first is being applied', () => gates.length === 1)
    const [second, third] = [made.reload('api'), made.reload('signal')]
    writeFileSync(file, weight(25))
    gates[0]!()
    await first
    await until('the second is being applied', () => gates.length === 2)
    gates[1]!()
    expect(await second).toBe(await third)
    expect(weights).toEqual([50, 25])
  })

  test('that fails unexpectedly is refused, and the next one is not', async () => {
    let broken = true
    const { made } = setUp(weight(100), {
      apply: async () => {
        if (broken) throw new TypeError('no such thing')
      },
    })
    writeFileSync(file, weight(1))
    expect(await made.reload('signal')).toEqual({ result: 'refused', problems: ['no such thing'] })
    broken = false
    expect(await made.reload('signal')).toMatchObject({ result: 'applied' })
  })

  test('compares with what was read, so that a number of workers that waits for the next start is told once', async () => {
    const { made } = setUp(`workers: 1\n${weight(100)}`)
    writeFileSync(file, `workers: 2\n${weight(100)}`)
    expect(await made.reload('signal')).toMatchObject({ result: 'applied', changes: ['workers 1 -> 2'] })
    expect(await made.reload('signal')).toMatchObject({ result: 'unchanged' })
  })
})

describe('a watched file', () => {
  test('is applied as it changes; a bad one is told once, and healing is told', async () => {
    const { made, record, log } = setUp(weight(100))
    made.start()
    writeFileSync(file, weight(-1))
    await until('it is refused', () => record.tally.refused === 1)
    const refusals = log.length
    writeFileSync(file, `${weight(-1)}# a comment\n`)
    await until('it is refused again', () => record.tally.refused === 2)
    expect(log.slice(refusals).every(line => line.startsWith('debug: '))).toBe(true)
    writeFileSync(file, weight(100))
    await until('it is fine again', () => record.tally.unchanged === 1)
    expect(log.at(-1)).toMatch(/^info: .* what is in use already/)
    writeFileSync(file, weight(50))
    await until('it is applied', () => record.tally.applied === 1)
    expect(record.source).toBe('file')
  })

  test('brings the files that it names along, also those of a later version', async () => {
    const key = join(folder, 'key')
    writeFileSync(key, 'a'.repeat(32))
    const { made, record } = setUp(weight(100))
    made.start()
    writeFileSync(file, documentOf({ pool: 'affinity: { cookie: A, keyFile: ./key }' }))
    await until('the first change is applied', () => record.tally.applied === 1)
    writeFileSync(key, 'b'.repeat(32))
    await until('the key is applied', () => record.tally.applied === 2)
    writeFileSync(key, 'short')
    await until('a short key is refused', () => record.tally.refused === 1)
    writeFileSync(key, 'c'.repeat(32))
    await until('another key is applied', () => record.tally.applied === 3)
    expect(await made.masked()).toContain('keyFile: ./key')
  })

  test('is not watched any more once it says so, and again when it is asked for', async () => {
    const { made, record } = setUp(weight(100))
    made.start()
    writeFileSync(file, `watch: false\n${weight(100)}`)
    await until('it is applied', () => record.tally.applied === 1)
    writeFileSync(file, `watch: true\n${weight(50)}`)
    // What would still be seen would be seen by then.
    await new Promise(resolve => setTimeout(resolve, 600))
    expect(record.tally.applied).toBe(1)
    await made.reload('signal')
    expect(record.tally.applied).toBe(2)
    writeFileSync(file, `watch: true\n${weight(25)}`)
    await until('it is watched again', () => record.tally.applied === 3)
  })
})

describe('how the file stands to what is in use', () => {
  test('a file that is refused is said until it can be used, or is as before', async () => {
    const { made } = setUp(weight(100))
    expect(made.fileDiffers).toBe(null)
    writeFileSync(file, 'pools: 7')
    await made.reload('file')
    expect(made.fileDiffers).toMatchObject({
      why: 'refused',
      nextStart: 'fails',
      problem: expect.stringContaining('the key "listeners" is missing'),
    })
    writeFileSync(file, weight(100))
    await made.reload('file')
    expect(made.fileDiffers).toBe(null)
  })

  test('what came over the API and not into the file is said until both say the same', async () => {
    const { made } = setUp(weight(100))
    const given = (value: number) => {
      writeFileSync(join(folder, 'given.yaml'), weight(value))
      return loadConfig(join(folder, 'given.yaml'), {}) as LoadedSnapshot
    }
    await made.use(given(50), { source: 'api' })
    expect(made.fileDiffers).toMatchObject({ why: 'not-in-file', problem: null, nextStart: 'file' })
    await made.use(given(100), { source: 'api' })
    expect(made.fileDiffers).toBe(null)
    await made.use(given(50), { source: 'api' })
    made.isWritten()
    expect(made.fileDiffers).toBe(null)
    // What is given and refused says nothing of the file.
    const refused = await made.use({ ...given(40) }, { source: 'api' }).then(() => made.fileDiffers)
    expect(refused).toMatchObject({ why: 'not-in-file' })
  })

  test('what a freeze refused is tried again once, when it is over, unless somebody waited for the answer', async () => {
    let frozen = true
    const apply = async () => {
      if (frozen) throw new Frozen('change freeze close protects the configuration', undefined)
    }
    const { made, record, log } = setUp(weight(100), { apply })
    writeFileSync(file, weight(50))
    await made.reload('file')
    expect(made.fileDiffers).toMatchObject({ why: 'frozen', nextStart: 'file' })
    expect(log.at(-1)).toBe(
      'error: reload refused (its files changed): the former configuration stays; vigia.yaml is tried again when the freeze is over',
    )
    expect(log.join()).not.toContain("can't be used")
    made.tick(() => frozen)
    await made.reload('api')
    made.tick(() => false)
    expect([record.tally.refused, log.at(-1)]).toEqual([
      2,
      'error: reload refused (asked for over the admin API): the former configuration stays',
    ])
    await made.reload('signal')
    frozen = false
    made.tick(() => frozen)
    made.tick(() => frozen)
    await until('it is in use', () => record.tally.applied === 1)
    expect(made.fileDiffers).toBe(null)
  })
})
