// A vigia that is lent to one test after another: a reload costs a fraction of a start. Between two tests it has a configuration that
// names none of their pools: it forgets what it knew of them, but for the counters of a pool, which are kept by its name: tests that look
// at these name their pool themselves. Not for tests of a start, an end, a store or the process itself.

import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { stringify } from 'yaml'
import { until } from './until.ts'
import { documentOf, fetchText, startVigia, type Vigia, type VigiaSetup } from './vigia.ts'

type LentSetup = Pick<VigiaSetup, 'upstreams' | 'pool' | 'poolName' | 'config'>

/** Nothing of what a test may have asked for is left by it. */
const AT_REST: LentSetup = {
  config: {
    routes: [{ pool: 'rest' }],
    pools: { rest: { health: 'off', upstreams: [{ name: 'nobody', url: 'http://127.0.0.1:1' }] } },
  },
}

/** Kept for the next file too; the process that holds them ends with this one (host.ts). */
const idle: Vigia[] = []

/** As `startVigia`, but what it is given has served other tests: its `stdout` begins here, and `stop` gives it back. */
export async function lendVigia(setup: LentSetup = {}): Promise<Vigia> {
  const vigia = idle.pop() ?? (await startVigia(AT_REST))
  const outBefore = vigia.stdout().length
  const errBefore = vigia.stderr().length
  await apply(vigia, setup)
  let isEnding = false
  return {
    ...vigia,
    stdout: () => vigia.stdout().slice(outBefore),
    stderr: () => vigia.stderr().slice(errBefore),
    kill(signal) {
      isEnding ||= signal !== 'SIGHUP'
      vigia.kill(signal)
    },
    async stop(code) {
      if (isEnding) return vigia.stop(code)
      await apply(vigia, AT_REST)
      idle.push(vigia)
    },
    async writeConfig(config) {
      await writeFile(vigia.configFile, stringify(documentOf({ ...setup, config }, vigia.port, vigia.adminPort)))
    },
  }
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
