// vigia run: loads the configuration, starts the control plane with its workers, and turns signals into drain and reload.
// `startVigia` is the same without files and signals, for whoever has a compiled configuration already (the demo, tests).

import { constants } from 'node:fs'
import type { ReloadOutcome } from '../admin/contract/reload.ts'
import type { StatusReport } from '../admin/contract/status.ts'
import { readAside } from '../config/aside/aside.ts'
import { formatProblem } from '../config/forms/problem.ts'
import type { LoadedSnapshot } from '../config/read/load.ts'
import { readRegularFile } from '../config/read/regular-file.ts'
import type { ConfigurationFile } from '../control/configuration/reload.ts'
import type { ConfigurationSource } from '../control/events/reload-event.ts'
import type { Transition } from '../control/upstreams/upstream-event.ts'
import { CannotServe } from '../control/workers/cannot-serve.ts'
import { takeInheritedSockets } from '../control/workers/inherited-sockets.ts'
import { workersThatCanListen } from '../control/workers/listen-check.ts'
import { createLogger, flushLog, type Logger } from '../logging/logger.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import type { InheritedSocket } from '../policy/process/inherited-sockets.ts'
import { hostPort } from '../util/words.ts'
import { serviceManager } from './service-manager.ts'
import { awaitSignals } from './signals.ts'
import { VERSION } from './version.ts'
import { EXIT } from './words/exit-codes.ts'

export interface RunOptions {
  /** Path of the configuration file. */
  readonly config: string
  /** Keep the last configuration that could be used, and start with it where the file can't be; true = beside the file. */
  readonly lastGood?: string | boolean
  /** What worker threads run; default: the data plane. */
  readonly workerUrl?: URL
}

export interface StartOptions {
  readonly workerUrl?: URL
  /** Default: as `snapshot.log` says, on stderr. */
  readonly logger?: Logger
  /** Whether several sockets may share a port: resolves with what is wrong; default: it is tried. */
  readonly tryShared?: () => Promise<NodeJS.ErrnoException | undefined>
  /** Where the snapshot was read from. It is read again when asked to, and as it changes if it wants that. */
  readonly file?: ConfigurationFile
  /** That the process was started with; default: none. */
  readonly sockets?: readonly InheritedSocket[]
}

/** A vigia that listens. */
export interface RunningVigia {
  status(): StatusReport
  /** @returns a function that ends the subscription */
  onTransition(listener: (transition: Transition) => void): () => void
  /** Rejects with CannotServe where the configuration can't be used; then everything is as before. */
  reload(snapshot: Snapshot): Promise<void>
  /** Reads the file again. Never rejects; undefined where there is no file. */
  reloadFile(source: ConfigurationSource): Promise<ReloadOutcome | undefined>
  /** Goes on in newly opened access log files: the old ones have been moved away. */
  reopenLogs(): void
  /** Finishes what is in flight, up to `shutdownMs`, then stops. Resolves with the number of exchanges that were cut. */
  close(by?: string): Promise<number>
}

const WORKER_URL = new URL('../proxy/worker.ts', import.meta.url)
const SPOOL_URL = new URL('../proxy/spool/spool-thread.ts', import.meta.url)

/** Resolves with the exit code when vigia has stopped. */
export async function run({ config, lastGood, workerUrl }: RunOptions): Promise<number> {
  const kept = lastGood === true ? `${config}.last-good` : lastGood || undefined
  // A large configuration is read in a thread while the control plane is loaded.
  const reading = readAside({ file: config, env: process.env, purpose: 'start' })
  const [{ loaded: read }] = await Promise.all([reading, loadControl()])
  const refused = read.ok ? undefined : read
  const loaded = refused === undefined ? read : kept === undefined ? undefined : await loadLastGood(config, kept)
  for (const problem of refused?.problems ?? []) console.error(formatProblem(problem))
  if (loaded === undefined || !loaded.ok) {
    console.error(`vigia: ${config} can't be used; nothing was started`)
    return EXIT.badConfiguration
  }
  const logger = createLogger({ level: loaded.snapshot.log.level })
  process.once('uncaughtException', dieOfBug)
  if (refused !== undefined)
    logger.error(
      `LAST GOOD CONFIGURATION: ${config} can't be used, so vigia starts with ${kept}, the last one that could be; mend ${config}, it is applied as soon as it can be`,
    )
  for (const warning of loaded.warnings) logger.warn(formatProblem(warning))
  // Signals count from here on: one that comes during the start must not leave half a start behind.
  const signals = awaitSignals({
    onReload: () => {
      if (running === undefined) logger.warn('SIGHUP during the start: ignored')
      else void running.reloadFile('signal')
    },
    onReopen: () => running?.reopenLogs(),
    onSecondSignal: signal => logger.warn(`${signal} again: stopping at once`),
  })
  let running: RunningVigia | undefined
  const manager = serviceManager(process.env, process.pid, text => logger.warn(text))
  try {
    const file = {
      path: config,
      loaded,
      lastGood: kept,
      refused,
      load: (against: Snapshot) => readAside({ file: config, env: process.env }, against),
    }
    const sockets = takeInheritedSockets(process.env, process.pid)
    running = await startVigia(loaded.snapshot, {
      logger,
      file,
      sockets,
      ...(workerUrl === undefined ? {} : { workerUrl }),
    })
    manager.ready()
    for (const advice of loaded.advice) logger.info(formatProblem(advice))
    const signal = await signals.stop
    manager.stopping()
    logger.info(`${signal}: finishing what is in flight; the same signal again stops at once`)
    const cut = await running.close(signal)
    if (cut > 0) logger.warn(`stopped; ${cut} requests were cut because they took longer`)
    else logger.info('stopped; nothing was cut')
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof CannotServe)) throw error
    console.error(`vigia: ${error.message}`)
    return error.code === undefined ? EXIT.internal : EXIT.cannotListen
  } finally {
    signals.release()
    manager.end()
    process.off('uncaughtException', dieOfBug)
    await flushLog(logger)
  }
}

/** Says on stderr where it can't be used, either. */
async function loadLastGood(config: string, kept: string): Promise<LoadedSnapshot | undefined> {
  try {
    const file = readRegularFile(kept, constants.O_NOFOLLOW)
    if ('not' in file) throw new Error(file.not)
    const text = file.bytes.toString()
    // What it names is looked for where it was: beside the configuration file.
    const { loaded } = await readAside({ text, file: config, env: process.env, purpose: 'start' })
    if (loaded.ok) return loaded
    for (const problem of loaded.problems) console.error(`vigia: ${kept}, as ${formatProblem(problem)}`)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is none yet' : message
    console.error(`vigia: the last good configuration ${kept} can't be used: ${why}`)
  }
  return undefined
}

/** Starts vigia with a compiled configuration; resolves when every worker listens. Rejects with CannotServe where it can't. */
export async function startVigia(snapshot: Snapshot, options: StartOptions = {}): Promise<RunningVigia> {
  const {
    workerUrl = WORKER_URL,
    logger = createLogger({ level: snapshot.log.level }),
    file,
    sockets,
    tryShared,
  } = options
  const { workers: wantedWorkers } = snapshot
  const workers = await workersThatCanListen(wantedWorkers, tryShared)
  if (workers < wantedWorkers)
    logger.warn(
      `workers is ${workers} instead of ${wantedWorkers}: on this system (${process.platform}) several sockets can't share a port (SO_REUSEPORT)`,
    )
  const { Control } = await loadControl()
  const control = new Control({
    snapshot: { ...snapshot, workers },
    wantedWorkers,
    workerUrl,
    spoolUrl: SPOOL_URL,
    logger,
    version: VERSION,
    file,
    sockets,
  })
  await control.start()
  for (const { name, host, port, tls } of snapshot.listeners)
    logger.info(`listener ${name}: http${tls ? 's' : ''}://${hostPort(host, port)}`)
  if (snapshot.health !== undefined) {
    const { host, port } = snapshot.health
    logger.info(`health: http://${hostPort(host, port)} (/healthz, /readyz, answered by the workers)`)
  }
  const { admin } = snapshot
  if (admin !== undefined)
    logger.info(
      `admin: ${admin.tls ? 'https' : 'http'}://${hostPort(admin.host, admin.port)} (/status, /metrics, /healthz, /readyz)`,
    )
  return {
    status: () => control.view.status(),
    onTransition: listener => control.onTransition(listener),
    reload: next => control.reload(next),
    reloadFile: source => control.reloadFile(source),
    reopenLogs: () => control.reopenLogs(),
    close: by => control.close(by),
  }
}

function loadControl() {
  return import('../control/control.ts')
}

/** A bug in the control plane: what it knows can't be trusted any more. Whoever supervises the process starts it afresh. */
function dieOfBug(error: unknown): never {
  console.error('vigia: unexpected error in the control plane, please report it:', error)
  process.exit(EXIT.internal)
}
