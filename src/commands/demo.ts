// vigia demo: sample ERP nodes, the balancer in front of them, and a terminal that says what to try and what happens.
// Reads config/vigia.yaml like any other configuration; changes nothing in it but ports that are taken.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatProblem } from '../config/forms/problem.ts'
import { loadConfig } from '../config/read/load.ts'
import { CannotServe } from '../control/workers/cannot-serve.ts'
import { DemoFleet } from '../demo/fleet.ts'
import { fleetLine, line, startScreen, transitionLine } from '../demo/terminal.ts'
import { createLogger } from '../logging/logger.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import { placeDemo } from './demo-ports.ts'
import { type RunningVigia, startVigia } from './run.ts'
import { awaitSignals } from './signals.ts'
import { EXIT } from './words/exit-codes.ts'

export interface DemoOptions {
  /**
   * First of the ports to use, one after the other for listeners, admin and nodes; 0 = any free ones.
   * Default: the environment's VIGIA_DEMO_PORTS, else those of the configuration.
   */
  readonly ports?: number
  /** How long a node that died stays away. Default: the environment's VIGIA_DEMO_RESTART_MS, else 8 s. */
  readonly restartMs?: number
}

const CONFIG = fileURLToPath(new URL('../../config/vigia.yaml', import.meta.url))
const RESTART_MS = 8_000
/** A demo's Ctrl-C does not wait for event streams that never end. */
const SHUTDOWN_MS = 2_000

/** Resolves with the exit code when Ctrl-C (or SIGTERM, or the closing of the terminal) has ended everything. */
export async function demo(options: DemoOptions = {}): Promise<number> {
  const ports = options.ports ?? numberFrom('VIGIA_DEMO_PORTS')
  const restartMs = options.restartMs ?? numberFrom('VIGIA_DEMO_RESTART_MS') ?? RESTART_MS
  if (Number.isNaN(ports) || Number.isNaN(restartMs)) {
    console.error('vigia demo: VIGIA_DEMO_PORTS and VIGIA_DEMO_RESTART_MS must be whole numbers from 0 on')
    return EXIT.usage
  }
  const loaded = loadConfig(CONFIG, process.env)
  if (!loaded.ok) {
    for (const problem of loaded.problems) console.error(formatProblem(problem))
    return EXIT.badConfiguration
  }
  const hangup = Promise.withResolvers<'SIGHUP'>()
  const signals = awaitSignals({ onReload: () => hangup.resolve('SIGHUP'), onSecondSignal: () => {} })
  const { snapshot, nodes, moved } = await placeDemo(loaded.snapshot, ports)
  const fleet = new DemoFleet(nodes, {
    restartMs,
    onEvent: event => {
      // The start screen shows the first processes.
      if (event.kind !== 'listening' || event.again) console.log(fleetLine(event, new Date()))
    },
  })
  let vigia: RunningVigia | undefined
  const folder = await mkdtemp(join(tmpdir(), 'vigia-demo-'))
  try {
    await fleet.start()
    vigia = await startVigia(quiet(snapshot, folder), { logger: createLogger({ level: 'error' }) })
    console.log(
      startScreen({
        ...addressesOf(snapshot),
        nodes: fleet.states(),
        moved,
        restartMs,
        command: shellCommand(),
      }),
    )
    vigia.onTransition(({ upstream, to, cause, atMs }) =>
      console.log(transitionLine(upstream, to === 'available', cause, new Date(atMs))),
    )
    await Promise.race([signals.stop, hangup.promise])
    console.log(`\n${line(new Date(), 'vigia', 'draining, then everything ends')}`)
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof Error)) throw error
    console.error(`vigia demo: ${error.message}`)
    return error instanceof CannotServe && error.code === undefined ? EXIT.internal : EXIT.cannotListen
  } finally {
    await vigia?.close()
    await fleet.close()
    await rm(folder, { recursive: true, force: true })
    signals.release()
  }
}

/** The terminal belongs to the demo: no access log between its lines. What it keeps goes with it. @param folder of this demo alone */
function quiet(snapshot: Snapshot, folder: string): Snapshot {
  const store = snapshot.store && { ...snapshot.store, path: join(folder, 'vigia.db') }
  return { ...snapshot, store, shutdownMs: SHUTDOWN_MS, accessLog: { ...snapshot.accessLog, enabled: false } }
}

function addressesOf({ listeners, admin }: Snapshot): { web: string; admin: string | undefined } {
  const web = listeners[0]!
  return {
    web: `http://${web.host}:${web.port}`,
    admin: admin === undefined ? undefined : `http://${admin.host}:${admin.port}`,
  }
}

/** How the reader's second terminal starts vigia: through npm, which brings the right Node.js, unless it was started without. */
function shellCommand(): string {
  if (process.env.npm_lifecycle_event !== undefined) return 'npx vigia'
  return `node ${relative(process.cwd(), process.argv[1] ?? 'bin/vigia.js')}`
}

/** NaN where the variable holds something else than a whole number from 0 on. */
function numberFrom(variable: string): number | undefined {
  const text = process.env[variable]
  if (text === undefined || text === '') return undefined
  return /^\d+$/.test(text) ? Number(text) : Number.NaN
}
