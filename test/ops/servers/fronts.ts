// What stands in front of the rig's servers: vigia, or a peer to compare with.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findProgram } from '../../../bench/harness/process.ts'
import { writeFromTemplate } from '../../../bench/harness/template.ts'
import type { InDoubtReport } from '../../../src/admin/contract/in-doubt.ts'
import { freePort } from '../../support/free-port.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia } from '../../support/vigia.ts'
import { Visitor } from './client.ts'
import { APPS, type Server } from './servers.ts'

export interface Front {
  readonly port: number
  /** Why each request that it lists is in doubt; undefined = it has no such list. */
  inDoubt(): Promise<readonly string[] | undefined>
  stop(): Promise<void>
}

export const FRONTS = ['vigia', 'haproxy', 'haproxy-close'] as const
export type FrontName = (typeof FRONTS)[number]

/** Why it can't be had, or undefined. */
export function missingFront(name: FrontName): string | undefined {
  return name === 'vigia' || findProgram('haproxy') ? undefined : 'haproxy is not installed: apt-get install haproxy'
}

/** Resolves when it serves all of them. */
export async function startFront(name: FrontName, ports: readonly number[], pool?: Server['pool']): Promise<Front> {
  const proxy = name === 'vigia' ? await startOwn(ports, pool) : await startHaproxy(ports, name === 'haproxy-close')
  const visitor = new Visitor(proxy.port, false)
  await until(`${name} serves`, async () => (await visitor.ask({ path: '/hello' })) === '200 hello')
  return proxy
}

async function startOwn(upstreams: readonly number[], pool?: Server['pool']): Promise<Front> {
  const health = { path: '/hello', interval: '2s', timeout: '2s' }
  const vigia = await startVigia({ upstreams, pool: { health, ...pool }, config: { workers: 2, shutdown: '2s' } })
  await until('all are available', async () => (await vigia.status()).pools[0]?.available === upstreams.length)
  return {
    port: vigia.port,
    async inDoubt() {
      const { body } = await fetchText(vigia.adminPort, '/in-doubt')
      return (JSON.parse(body) as InDoubtReport).records.map(
        ({ cause, path, bytesSent }) => `${path}, ${bytesSent} bytes: ${cause}`,
      )
    },
    stop: () => vigia.stop(),
  }
}

async function startHaproxy(ports: readonly number[], closes: boolean): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-rig-haproxy-'))
  const port = await freePort()
  const config = writeFromTemplate(pathToFileURL(join(APPS, 'haproxy.cfg')), join(folder, 'haproxy.cfg'), {
    PORT: port,
    CLOSE: closes ? 'option http-server-close' : '',
    SERVERS: ports.map((each, i) => `    server node${i + 1} 127.0.0.1:${each}`).join('\n'),
  })
  const child = spawn(findProgram('haproxy')!, ['-db', '-f', config], { stdio: ['ignore', 'ignore', 'inherit'] })
  process.once('exit', () => child.kill('SIGKILL'))
  const gone = new Promise(resolve => child.once('close', resolve))
  return {
    port,
    inDoubt: async () => undefined,
    async stop() {
      child.kill('SIGTERM')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
