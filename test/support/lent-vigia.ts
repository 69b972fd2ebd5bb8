// A vigia that is lent to one test after another: a reload costs a fraction of a start. Between two tests it has a configuration that
// names none of their upstreams, and forgets what it knew of them. What it keeps: counters of a pool by its name (a test that looks at
// them names its pool itself), counters of the process, what is in doubt, events, and what clients have used of a rate. A test of these,
// of a start, an end or a store takes `startVigia`.

import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import { until } from './until.ts'
import { documentOf, fetchText, startVigia, type Vigia, type VigiaSetup } from './vigia.ts'

export type LentSetup = Pick<VigiaSetup, 'upstreams' | 'pool' | 'poolName' | 'config' | 'http2'>

/** Nothing of what a test may have asked for is left by it, but for its workers. */
const atRest = (workers: number): LentSetup => ({
  config: {
    workers,
    routes: [{ pool: 'rest' }],
    pools: { rest: { health: 'off', upstreams: [{ name: 'nobody', url: 'http://127.0.0.1:1' }] } },
  },
})

/** How long the first verdicts on upstreams are waited for: some tests have one that never gets any. */
const VERDICTS_MS = 1000

/** How long a client that has just been closed may count as one. */
const LEAVING_MS = 300

/** How long one waits for the next test: to rest for so long costs as much as a start. */
const REST_MS = 20_000

interface Idle {
  readonly vigia: Vigia
  readonly workers: number
  readonly end: NodeJS.Timeout
}

/** Kept for the next file too; the process that holds them ends with this one (host.ts). */
const idle: Idle[] = []

/**
 * As `startVigia`, but what it is given may have served other tests: its `stdout` begins here. `stop` gives it back; one that was told to
 * end, or still has clients, ends.
 */
export async function lendVigia(setup: LentSetup = {}): Promise<Vigia> {
  const workers = Number(setup.config?.workers ?? 1)
  const vigia = takeIdle(workers) ?? (await startVigia(atRest(workers)))
  const outBefore = vigia.stdout().length
  const errBefore = vigia.stderr().length
  await apply(vigia, setup)
  let returned: Promise<void> | undefined
  let mustEnd = false
  const giveBack = async (code?: number) => {
    if (mustEnd || (await hasClients(vigia))) return vigia.stop(code)
    await apply(vigia, atRest(workers))
    keep(vigia, workers)
  }
  return {
    ...vigia,
    stdout: () => vigia.stdout().slice(outBefore),
    stderr: () => vigia.stderr().slice(errBefore),
    kill(signal) {
      mustEnd ||= signal !== 'SIGHUP'
      vigia.kill(signal)
    },
    stop(code) {
      returned ??= giveBack(code)
      return returned
    },
    async writeConfig(config) {
      await writeFile(vigia.configFile, stringify(documentOf({ ...setup, config }, vigia.port, vigia.adminPort)))
    },
  }
}

function keep(vigia: Vigia, workers: number): void {
  const end = setTimeout(() => {
    idle.splice(
      idle.findIndex(each => each.vigia === vigia),
      1,
    )
    void vigia.stop()
  }, REST_MS)
  idle.push({ vigia, workers, end: end.unref() })
}

/** The last one with as many workers: one that a reload sends away may still serve for a moment. */
function takeIdle(workers: number): Vigia | undefined {
  const at = idle.findLastIndex(each => each.workers === workers)
  if (at < 0) return undefined
  const [taken] = idle.splice(at, 1)
  clearTimeout(taken!.end)
  return taken!.vigia
}

async function hasClients(vigia: Vigia): Promise<boolean> {
  const left = async () => (await vigia.status()).clients.connections === 0
  return until('its clients are gone', left, { timeoutMs: LEAVING_MS }).then(
    () => false,
    () => true,
  )
}

/** Ends the vigia and throws if it does not take the configuration. */
async function apply(vigia: Vigia, setup: LentSetup): Promise<void> {
  await writeFile(vigia.configFile, stringify(documentOf(setup, vigia.port, vigia.adminPort)))
  const answer = await fetch(`http://127.0.0.1:${vigia.adminPort}/reload`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  const said = await answer.text()
  if (!answer.ok) {
    await vigia.stop()
    throw new Error(`vigia does not take its configuration (${answer.status}): ${said}`)
  }
  await until('vigia is ready', async () => (await fetchText(vigia.adminPort, '/readyz')).status === 200)
  // Ready is who has one upstream that serves: a test counts on all of its.
  await until('all upstreams have a verdict', async () => !(await lacksVerdict(vigia)), {
    timeoutMs: VERDICTS_MS,
  }).catch(() => {})
}

async function lacksVerdict(vigia: Vigia): Promise<boolean> {
  const { pools } = await vigia.status()
  return pools.some(({ upstreams }) => upstreams.some(({ state }) => state === 'unknown'))
}
