// A vigia that is lent to one test after another: a reload costs a fraction of a start. Between two tests it has a configuration that
// names none of their pools: it forgets what it knew of them, but for the counters of a pool, which are kept by its name: tests that look
// at these name their pool themselves. Not for tests of a start, an end, a store or the process itself.

import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { stringify } from 'yaml'
import { until } from './until.ts'
import { documentOf, fetchText, startVigia, type Vigia, type VigiaSetup } from './vigia.ts'

type LentSetup = Pick<VigiaSetup, 'upstreams' | 'pool' | 'poolName' | 'config'>

/** Nothing of what a test may have asked for is left by it, but for its workers, which cost a start each. */
const atRest = (workers: number): LentSetup => ({
  config: {
    workers,
    routes: [{ pool: 'rest' }],
    pools: { rest: { health: 'off', upstreams: [{ name: 'nobody', url: 'http://127.0.0.1:1' }] } },
  },
})

/** How long a client that has just been closed may count as one. */
const LEAVING_MS = 300

interface Idle {
  readonly vigia: Vigia
  readonly workers: number
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
    idle.push({ vigia, workers })
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

function takeIdle(workers: number): Vigia | undefined {
  const at = idle.findIndex(each => each.workers === workers)
  return idle.splice(at < 0 ? 0 : at, 1)[0]?.vigia
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
  const { status, body } = await postReload(vigia.adminPort)
  if (status !== 200) {
    await vigia.stop()
    throw new Error(`vigia does not take its configuration (${status}): ${body}`)
  }
  await until('vigia is ready', async () => (await fetchText(vigia.adminPort, '/readyz')).status === 200)
}

function postReload(port: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    request({ port, path: '/reload', host: '127.0.0.1', method: 'POST', agent: false, headers }, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
      .on('error', reject)
      .end('{}')
  })
}
