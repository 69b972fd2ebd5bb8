// vigia doctor: looks at the machine, the files, the network and the vigia that runs, if one does, and says what is wrong and what to do.
// Changes nothing; upstreams get one probe each.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { StatusReport } from '../../admin/contract/status.ts'
import { formatProblem } from '../../config/forms/problem.ts'
import { type LoadedSnapshot, loadConfig } from '../../config/read/load.ts'
import { connectionLimitOf } from '../../control/workers/descriptors.ts'
import { boundsHere } from '../../control/workers/memory-watch.ts'
import { portHolders } from '../../control/workers/port-holder.ts'
import type { AdminPlan } from '../../plan/admin.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { hostPort } from '../../util/words.ts'
import { fetchStatus, RefusedByVigia, Unreachable } from '../live/client/admin-client.ts'
import { TOKEN_FILE_VARIABLE } from '../live/client/admin-variables.ts'
import { VERSION } from '../version.ts'
import { EXIT } from '../words/exit-codes.ts'
import { doctorLines } from '../words/explain/doctor-lines.ts'
import { terminalColumns } from '../words/paragraphs.ts'
import { remarks, troubles } from '../words/status-lines.ts'
import { clockFindings } from './clock.ts'
import { diskFindings, type FileFacts, modeFindings } from './files.ts'
import { type Finding, found, ok, type ReadText } from './finding.ts'
import { heldFindings } from './held.ts'
import { kernelFindings } from './kernel.ts'
import { nameFindings, portFindings, probeFindings } from './network.ts'
import { processFindings } from './process.ts'

export interface DoctorOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
  /** Undefined = that of the vigia that runs, else vigia.yaml here. */
  readonly config?: string
  /** Warnings count as errors. */
  readonly strict?: boolean
  /** Upstreams are not probed. */
  readonly probes?: boolean
}

const SOON_MS = 14 * 86_400_000

/** Resolves with the exit code: 0 nothing is wrong, 1 something is. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const findings = await examine(options)
  const color = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
  if (options.json) console.log(JSON.stringify({ version: VERSION, findings }, null, 2))
  else console.log(doctorLines(findings, { color, columns: terminalColumns() }).join('\n'))
  const bad = findings.some(
    ({ severity }) => severity === 'error' || (options.strict === true && severity === 'warning'),
  )
  return bad ? 1 : EXIT.ok
}

async function examine(options: DoctorOptions): Promise<Finding[]> {
  const asked = await statusOf(options.admin)
  const file = options.config ?? asked.report?.configuration.file ?? 'vigia.yaml'
  const { loaded, findings: ofConfig } = readConfiguration(file, options.config !== undefined)
  const snapshot = loaded?.snapshot
  // The file knows where its own one listens.
  const own = asked.report === undefined && snapshot?.admin ? await statusOf(urlOf(snapshot.admin)) : asked
  const { report, finding: running } = own.report === undefined ? asked : own
  const adminPort = snapshot?.admin?.port
  const pid = report === undefined || adminPort === undefined ? undefined : portHolders(adminPort)[0]?.pid
  const workers = report?.workers.length ?? snapshot?.workers ?? 1
  return [
    ...running,
    ...ofConfig,
    ...(report === undefined ? [] : reportFindings(report)),
    ...kernelFindings(read, workers),
    ...processFindings(read, {
      pid,
      workers,
      descriptors: pid === undefined ? undefined : countDescriptors(pid),
      descriptorWarning: snapshot && connectionLimitOf(snapshot, descriptorsOf(pid)).warning,
      memoryBytes: boundsHere(snapshot?.limits.memoryBytes, workers).totalBytes,
      machineBytes: totalmem(),
    }),
    ...clockFindings({
      synchronised: isSynchronised(),
      systemZones: /^# version (\S+)/.exec(read('/usr/share/zoneinfo/tzdata.zi') ?? '')?.[1],
      ownZones: process.versions.tz ?? '',
      zones: (snapshot?.maintenance ?? []).map(({ timeZone }) => timeZone),
    }),
    ...modeFindings(filesOf(file, loaded)),
    ...diskFindings(foldersOf(loaded)),
    ...(snapshot?.held === undefined || !holds(snapshot) ? [] : heldFindings(snapshot.held)),
    ...(loaded === undefined ? [] : certificateFindings(loaded, Date.now())),
    ...(snapshot === undefined ? [] : portFindings(snapshot, pid)),
    ...(snapshot === undefined ? [] : await nameFindings(snapshot)),
    ...(snapshot === undefined || options.probes === false ? [] : await probeFindings(snapshot, stateIn(report))),
  ]
}

async function statusOf(
  admin: string,
): Promise<{ readonly report: StatusReport | undefined; readonly finding: Finding[] }> {
  try {
    const report = await fetchStatus(admin)
    const what = `vigia ${report.version} runs here, ${report.state}; Node.js ${process.version}`
    if (report.version === VERSION) return { report, finding: [ok('vigia', what)] }
    const advice = 'restart it: the files have changed since it was started'
    return { report, finding: [found('warning', 'vigia', `${what}; installed is ${VERSION}`, advice)] }
  } catch (error) {
    if (!(error instanceof Unreachable || error instanceof RefusedByVigia)) throw error
    const advice = 'where one runs: --admin URL, --token-file FILE; the rest was looked at without it'
    return { report: undefined, finding: [found('note', 'vigia', `no vigia is asked: ${error.message}`, advice)] }
  }
}

function urlOf({ host, port, tls }: AdminPlan): string {
  return `${tls === undefined ? 'http' : 'https'}://${hostPort(host, port)}`
}

/** What /status says in words. */
function reportFindings(report: StatusReport): Finding[] {
  const nowMs = Date.now()
  const wrong = troubles(report, nowMs).map(text => found('error', 'status', text, 'vigia status; vigia events'))
  const notes = remarks(report, nowMs).map(text => found('note', 'status', text, 'vigia status says more'))
  return [...wrong, ...notes]
}

/** @param isNamed it must be there */
function readConfiguration(
  file: string,
  isNamed: boolean,
): { readonly loaded: LoadedSnapshot | undefined; readonly findings: Finding[] } {
  if (!isNamed && !existsSync(file))
    return {
      loaded: undefined,
      findings: [
        found(
          'note',
          'configuration',
          `no configuration was looked at: there is no ${file} here`,
          'name it with -c FILE',
        ),
      ],
    }
  const loaded = loadConfig(file, process.env, 1, 'start')
  const problems = loaded.ok ? loaded.warnings : loaded.problems
  const findings = problems.map(problem =>
    found(
      problem.severity === 'error' ? 'error' : 'warning',
      'configuration',
      formatProblem(problem),
      `vigia check -c ${file} says all of it`,
    ),
  )
  if (!loaded.ok) return { loaded: undefined, findings }
  return { loaded, findings: [ok('configuration', `${file} can be used`), ...findings] }
}

function stateIn(report: StatusReport | undefined) {
  return (pool: string, upstream: string) =>
    report?.pools.find(each => each.name === pool)?.upstreams.find(each => each.name === upstream)?.state
}

function certificateFindings({ certificates }: LoadedSnapshot, nowMs: number): Finding[] {
  return certificates.map(({ names, untilMs }) => {
    const name = names.join(', ')
    const until = new Date(untilMs).toISOString()
    const check = `certificate ${names[0] ?? ''}`
    if (untilMs <= nowMs)
      return found(
        'error',
        check,
        `the certificate of ${name} has ended at ${until}`,
        'put a new one in its files: it is served at once',
      )
    if (untilMs - nowMs < SOON_MS)
      return found(
        'warning',
        check,
        `the certificate of ${name} ends at ${until}`,
        'renew it; vigia serves it as soon as its files change',
      )
    return ok(check, `the certificate of ${name} is good until ${until}`)
  })
}

function filesOf(file: string, loaded: LoadedSnapshot | undefined): FileFacts[] {
  const files: FileFacts[] = [
    { path: file, kind: 'configuration' },
    { path: `${file}.last-good`, kind: 'last-good' },
  ]
  const token = process.env[TOKEN_FILE_VARIABLE]
  if (token) files.push({ path: token, kind: 'token' })
  if (loaded === undefined) return files
  const { snapshot, inputs, included } = loaded
  for (const path of included) files.push({ path, kind: 'configuration' })
  for (const path of inputs.keys()) if (path !== resolve(file)) files.push({ path, kind: 'named' })
  for (const { tls } of snapshot.listeners)
    for (const { keyFile } of tls?.certificates ?? []) files.push({ path: keyFile, kind: 'named' })
  if (snapshot.tickets?.file !== undefined) files.push({ path: snapshot.tickets.file, kind: 'token' })
  if (snapshot.store !== undefined) files.push({ path: snapshot.store.path, kind: 'store' })
  if (snapshot.held !== undefined) {
    files.push({ path: snapshot.held.path, kind: 'store' })
    for (const path of snapshot.held.keyFiles) files.push({ path, kind: 'token' })
  }
  const { enabled, destination } = snapshot.accessLog
  if (enabled && destination !== 'stdout') files.push({ path: destination, kind: 'log' })
  const known = new Set<string>()
  return files.filter(({ path }) => !known.has(path) && known.add(path))
}

function holds({ routes }: Snapshot): boolean {
  return routes.some(({ hold }) => hold !== undefined)
}

/** Where vigia writes, and what. */
function foldersOf(loaded: LoadedSnapshot | undefined): Map<string, string> {
  const folders = new Map<string, string>()
  const add = (path: string, use: string) => folders.set(path, folders.has(path) ? `${folders.get(path)}, ${use}` : use)
  if (loaded === undefined) return folders
  const { store, held, accessLog, buffers } = loaded.snapshot
  if (store !== undefined) add(dirname(store.path), 'the store')
  if (held !== undefined && holds(loaded.snapshot)) add(dirname(held.path), 'held requests')
  if (accessLog.enabled && accessLog.destination !== 'stdout') add(dirname(accessLog.destination), 'the access log')
  add(buffers.directory ?? tmpdir(), 'buffers')
  return folders
}

const read: ReadText = path => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function countDescriptors(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return undefined
  }
}

function descriptorsOf(pid: number | undefined): number | undefined {
  const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(read(`/proc/${pid ?? 'self'}/limits`) ?? '') ?? []
  const limit = pid === undefined ? hard : soft
  return limit === undefined ? undefined : Number(limit)
}

function isSynchronised(): boolean | undefined {
  if (existsSync('/run/systemd/timesync/synchronized')) return true
  const { stdout, status } = spawnSync('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], {
    encoding: 'utf8',
    timeout: 2000,
  })
  return status === 0 ? stdout.trim() === 'yes' : undefined
}
