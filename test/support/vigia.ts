// A vigia for a test: `startVigia` writes a configuration file, runs `vigia run -c FILE` on free ports and resolves when it is ready.
// It is a whole vigia, with signals, workers and an admin listener of its own, in another process (host.ts).
// Health checks are off unless a test turns them on, so that upstreams see nothing but the test's own traffic.

import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { StatusReport } from '../../src/admin/contract/status.ts'
import { freePort } from './free-port.ts'
import { type Exit, runHosted, runProgram } from './host.ts'
import { STUCK_MS, until, within } from './until.ts'

export interface VigiaSetup {
  /** Ports of 127.0.0.1; they become the upstreams `erp-1`, `erp-2` ... of the pool `erp`, which serves every path. */
  readonly upstreams?: readonly number[]
  /** Instead of `erp`. */
  readonly poolName?: string | undefined
  /** More keys of the pool `erp`. */
  readonly pool?: Record<string, unknown>
  /** More keys of the document (`admin` without its address); `routes`, `pools`, `listeners` replace the harness's own. */
  readonly config?: Record<string, unknown>
  /** The listener `web` takes HTTP/2 with prior knowledge beside HTTP/1.1. */
  readonly http2?: boolean
  /** More environment variables. */
  readonly env?: NodeJS.ProcessEnv
  /** Most descriptors that the process may have open; implies `ownProcess`. */
  readonly descriptors?: number
  /** The real program in a process of its own: for tests of the process itself. `sources` = not bundled (bundles.ts). */
  readonly ownProcess?: boolean | 'sources'
}

export interface Vigia {
  /** Of the listener `web`. */
  readonly port: number
  readonly adminPort: number
  readonly pid: number
  readonly configFile: string
  readonly exited: Promise<Exit>
  stdout(): string
  stderr(): string
  kill(signal: NodeJS.Signals): void
  /** SIGTERM; throws unless it ends with code 0 (or `code`). */
  stop(code?: number): Promise<void>
  /** Body of the admin listener's /status. */
  status(): Promise<StatusReport>
  /** Text of /metrics. */
  metrics(): Promise<string>
  /** Resident memory of the process now, bytes. */
  residentBytes(): Promise<number>
  /** Sockets that the process has open now, its listeners included. */
  sockets(): Promise<number>
  /** Replaces the configuration file; the process reads it at its next reload. */
  writeConfig(config: Record<string, unknown>): Promise<void>
}

/** The program's exit code where it cannot listen. */
const EXIT_CANNOT_LISTEN = 69

export async function startVigia(setup: VigiaSetup = {}): Promise<Vigia> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(setup, await freePort(), await freePort())
    } catch (error) {
      // Another process may take a port between the look and the bind.
      if (tries === 3 || !(error instanceof CannotListen)) throw error
    }
  }
}

/** GET on a connection of its own. */
export function fetchText(port: number, path: string, timeoutMs = STUCK_MS): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get({ port, path, host: '127.0.0.1', agent: false, timeout: timeoutMs }, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
    request.on('timeout', () =>
      request.destroy(new Error(`no answer from 127.0.0.1:${port}${path} in ${timeoutMs} ms`)),
    )
    request.on('error', reject)
  })
}

class CannotListen extends Error {}

async function start(setup: VigiaSetup, port: number, adminPort: number): Promise<Vigia> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-test-'))
  const configFile = join(folder, 'vigia.yaml')
  await writeFile(configFile, stringify(documentOf(setup, port, adminPort)))
  const { env, descriptors, ownProcess = descriptors !== undefined } = setup
  const args = ['run', '-c', configFile]
  const run = ownProcess
    ? runProgram(args, { env, descriptors, sources: ownProcess === 'sources' })
    : runHosted(args, env)
  const exited = run.exited.then(async exit => {
    await rm(folder, { recursive: true, force: true }).catch(() => {})
    return exit
  })
  const output = () => `\n--- stdout\n${run.stdout()}\n--- stderr\n${run.stderr()}`

  await until(`vigia is ready on port ${port}`, async () => {
    const { exit } = run
    if (exit?.code === EXIT_CANNOT_LISTEN) throw new CannotListen(output())
    if (exit !== undefined) throw new Error(`vigia ended at its start (code ${exit.code}, ${exit.signal})${output()}`)
    return fetchText(adminPort, '/readyz').then(
      ({ status }) => status === 200,
      () => false,
    )
  }).catch(async (error: Error) => {
    run.kill('SIGKILL')
    await exited
    throw error instanceof CannotListen ? error : new Error(error.message + output())
  })

  let stopping = false
  const kill = (signal: NodeJS.Signals) => {
    stopping ||= signal === 'SIGTERM' || signal === 'SIGINT'
    run.kill(signal)
  }
  return {
    port,
    adminPort,
    pid: run.pid,
    configFile,
    exited,
    stdout: () => run.stdout(),
    stderr: () => run.stderr(),
    kill,
    async stop(code = 0) {
      // The same signal again would end it at once.
      if (!stopping) kill('SIGTERM')
      const end = await within(STUCK_MS, () => `vigia does not end after SIGTERM${output()}`, exited).catch(error => {
        run.kill('SIGKILL')
        throw error
      })
      if (end.code !== code) throw new Error(`vigia ended with ${end.code ?? end.signal}, not ${code}${output()}`)
    },
    async status() {
      return JSON.parse((await fetchText(adminPort, '/status')).body) as StatusReport
    },
    async metrics() {
      return (await fetchText(adminPort, '/metrics')).body
    },
    async residentBytes() {
      const line = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${run.pid}/status`, 'utf8'))
      return Number(line?.[1]) * 1024
    },
    async sockets() {
      const folder = `/proc/${run.pid}/fd`
      const links = await Promise.all((await readdir(folder)).map(fd => readlink(join(folder, fd)).catch(() => '')))
      return links.filter(link => link.startsWith('socket:')).length
    },
    async writeConfig(config) {
      await writeFile(configFile, stringify(documentOf({ ...setup, config }, port, adminPort)))
    },
  }
}

/** What a vigia with this setup is configured with. */
export function documentOf(setup: VigiaSetup, port: number, adminPort: number): Record<string, unknown> {
  const { poolName = 'erp' } = setup
  const upstreams = (setup.upstreams ?? []).map((each, i) => ({
    name: `erp-${i + 1}`,
    url: `http://127.0.0.1:${each}`,
  }))
  return {
    workers: 1,
    listeners: [{ name: 'web', address: `127.0.0.1:${port}`, ...(setup.http2 && { http2: true }) }],
    routes: [{ pool: poolName }],
    pools: { [poolName]: { health: 'off', upstreams, ...setup.pool } },
    accessLog: false,
    ...setup.config,
    admin: { ...(setup.config?.admin as object | undefined), address: `127.0.0.1:${adminPort}` },
  }
}
