// One round: starts upstreams and a vigia with what the seed drew, puts load and faults on them, waits until everything has settled,
// gathers the evidence and judges it. Stops what it started, whatever happens.

import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { sleep, until } from '../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../support/vigia.ts'
import { type Evidence, readAccessLog, readJournals, readKeys, readLog } from './evidence.ts'
import { type ControlStall, runFaults } from './fault-run.ts'
import { drawFaults, FAULT_KINDS, type FaultKind } from './faults.ts'
import { Front } from './front.ts'
import { openSessions, runLoad } from './load.ts'
import { NodeProcess } from './node-process.ts'
import {
  drawOwnFaults,
  OWN_FAULT_KINDS,
  type OwnFaultKind,
  ownFaultsEnv,
  possibleOwnFaults,
  runOwnFaults,
} from './own-faults.ts'
import { documentOf, drawSetup, type RoundSetup } from './setup.ts'
import { judge, type Violation } from './verdict.ts'

export interface RoundOptions {
  readonly seed: number
  readonly seconds: number
  readonly kinds?: readonly FaultKind[]
  readonly ownKinds?: readonly OwnFaultKind[]
  readonly onSetup?: (setup: RoundSetup) => void
}

export interface RoundResult {
  readonly evidence: Evidence
  readonly violations: readonly Violation[]
}

const WARM_UP_MS = 300
const SETTLE_MS = 20_000
const WORKERS = 2
const MIB = 1_048_576
/** A process that was just started still grows. */
const MEMORY_SECONDS = 90
/** What must be 0 when nobody asks anything, whatever in /status it belongs to. */
const GAUGES = /(\.(inFlight|waiting|tunnels|places|pending)|^\.buffers\.(memoryBytes|diskBytes|files))$/

export async function runRound({
  seed,
  seconds,
  kinds = FAULT_KINDS,
  ownKinds = OWN_FAULT_KINDS,
  onSetup,
}: RoundOptions): Promise<RoundResult> {
  const setup = drawSetup(seed, seconds)
  onSetup?.(setup)
  const folder = await mkdtemp(join(tmpdir(), 'vigia-chaos-'))
  const journals = Array.from({ length: setup.nodes }, (_, i) => join(folder, `erp-${i + 1}.jsonl`))
  const keys = join(folder, 'keys')
  const nodes: NodeProcess[] = []
  let vigia: Vigia | undefined
  try {
    for (const [i, journal] of journals.entries()) {
      const { keepAliveMs } = setup
      nodes.push(new NodeProcess({ name: `erp-${i + 1}`, port: await freePort(), journal, keys, keepAliveMs }))
    }
    await Promise.all(nodes.map(node => node.start()))
    const accessLog = join(folder, 'access.jsonl')
    const files = { stallFile: join(folder, 'stall.json'), clockFile: join(folder, 'clock') }
    const possible = possibleOwnFaults(ownKinds)
    const front = await Front.make(folder, accessLog)
    const { doors } = front
    vigia = await startWith(setup, nodes, front, possible.length > 0 ? ownFaultsEnv(possible, files) : undefined)
    const socketsBefore = await vigia.sockets()
    const untilMs = Date.now() + seconds * 1000
    const memory = watchMemory(vigia, untilMs)
    const sessions = openSessions(doors)
    const load = runLoad({ ...setup, doors, until: () => Date.now() > untilMs }, sessions)
    await sleep(WARM_UP_MS)
    const faults = drawFaults(seed, setup.nodes, seconds, kinds)
    const controlStalls: ControlStall[] = []
    const own = runOwnFaults({
      vigia,
      setup,
      front,
      sessions,
      faults: drawOwnFaults(seed, WORKERS, seconds, possible),
      ...files,
      untilMs,
      onControlStall: backMs => controlStalls.push({ startMs: Date.now(), backMs }),
    })
    const { mostFaults: most, graceMs } = setup
    const [episodes, ownEpisodes] = await Promise.all([
      runFaults({ nodes, faults, most, graceMs, untilMs, controlStalls }),
      own,
    ])
    const { seen, conversations } = await load
    const left = await settled(vigia, socketsBefore, setup, front)
    const listedInDoubt = await listInDoubt(vigia)
    const { buffers } = await vigia.status()
    const metrics = await vigia.metrics()
    const budgetExhausted = /^vigia_retry_budget_exhausted_total\{.*\} [1-9]/m.test(metrics)
    // With it goes the rest of its logs to the disk.
    await vigia.stop()
    const evidence: Evidence = {
      setup,
      seen,
      conversations,
      episodes,
      ownEpisodes,
      journal: await readJournals(journals),
      carriedOut: await readKeys(keys),
      access: await readAccessLog(accessLog),
      log: readLog(vigia.stderr()),
      listedInDoubt,
      budgetExhausted,
      buffers,
      handshakes: {
        full: metricOf(metrics, 'vigia_tls_handshakes_total{resumed="false"}'),
        resumed: metricOf(metrics, 'vigia_tls_handshakes_total{resumed="true"}'),
      },
      toldToGo: sessions.reduce((sum, each) => sum + each.toldToGo, 0),
    }
    const inTheEnd = [...left, ...(await memory)].map(what => ({ rule: '6 nothing is left', id: '', what }))
    return { evidence, violations: [...judge(evidence), ...inTheEnd] }
  } finally {
    vigia?.kill('SIGKILL')
    await Promise.all(nodes.map(node => node.close()))
    await rm(folder, { recursive: true, force: true })
  }
}

/** @param env undefined = vigia itself is spared, and needs no process of its own */
function startWith(
  setup: RoundSetup,
  nodes: readonly NodeProcess[],
  front: Front,
  env: NodeJS.ProcessEnv | undefined,
): Promise<Vigia> {
  const upstreams = nodes.map(({ setup: { name, port } }) => ({
    name,
    url: `http://127.0.0.1:${port}`,
    ...setup.upstreamKeys,
  }))
  const config = documentOf(setup, front.place)
  return startVigia({ pool: { ...setup.pool, upstreams }, config, ...(env && { env, ownProcess: true }) })
}

/** Waits until everything that goes up and down is down. @returns what is not */
async function settled(
  vigia: Vigia,
  socketsBefore: number,
  setup: RoundSetup,
  { doors, place }: Front,
): Promise<string[]> {
  const mostIdle = setup.nodes * WORKERS * Number(setup.pool.idleConnections)
  const look = async () => {
    const status = await vigia.status()
    const left = [...gaugesOf(status), ...(await filesIn(place.spool, vigia.pid))]
    const { connections } = status.clients
    if (connections > 0)
      left.push(
        `clients.connections is ${connections}; the kernel has ${await clientSockets([doors.plain, doors.secure, doors.moving()])}`,
      )
    const sockets = await vigia.sockets()
    // Probes, and the question itself.
    if (sockets > socketsBefore + mostIdle + setup.nodes + 2) left.push(`${sockets} sockets, ${socketsBefore} before`)
    for (const { worker, restarts } of status.workers) if (restarts > 0) left.push(`worker ${worker} was restarted`)
    return left
  }
  let left: string[] = []
  await until(
    'nothing is left',
    async () => {
      left = await look()
      return left.length === 0
    },
    { timeoutMs: SETTLE_MS, everyMs: 50 },
  ).catch(() => {})
  return left
}

/** `local remote state` of each connection of a client, as the kernel shows them: was it the count, or the connection, that stayed? */
async function clientSockets(ports: readonly number[]): Promise<string> {
  const local = ports.map(port => port.toString(16).toUpperCase().padStart(4, '0')).join('|')
  const table = await readFile('/proc/net/tcp', 'latin1').catch(() => '')
  const found = [...table.matchAll(new RegExp(`:(${local}) \\w+:(\\w+) (\\w\\w) (\\w+:\\w+)`, 'g'))]
  // A listening socket (0A) and what only waits for its time to pass (06) are not meant.
  const open = found.filter(match => match[3] !== '0A' && match[3] !== '06')
  return open.length === 0
    ? 'none'
    : open.map(match => `${match[2]} in state ${match[3]}, queues ${match[4]}`).join('; ')
}

/** Files of buffers, whether they have a name or not. */
async function filesIn(folder: string, pid: number): Promise<string[]> {
  const open = await readdir(`/proc/${pid}/fd`)
  const links = await Promise.all(open.map(fd => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  return [...(await readdir(folder)), ...links.filter(link => link.startsWith(folder))].map(file => `file ${file}`)
}

/** `path value` of every gauge that is not 0. */
function gaugesOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) =>
    GAUGES.test(`${path}.${key}`) && typeof each === 'number'
      ? each === 0
        ? []
        : [`${path}.${key} is ${each}`]
      : gaugesOf(each, `${path}.${key}`),
  )
}

/** 0 where there is no such line. */
function metricOf(metrics: string, series: string): number {
  const line = metrics.split('\n').find(each => each.startsWith(`${series} `))
  return Number(line?.slice(series.length) ?? 0)
}

async function listInDoubt(vigia: Vigia): Promise<Set<string> | undefined> {
  const { status, body } = await fetchText(vigia.adminPort, '/in-doubt')
  if (status !== 200) return undefined
  return new Set([...body.matchAll(/"requestId":\s*"([^"]+)"/g)].map(match => match[1]!))
}

async function watchMemory(vigia: Vigia, untilMs: number): Promise<string[]> {
  const startMs = Date.now()
  const residents: number[] = []
  while (Date.now() < untilMs) {
    await sleep(500)
    residents.push(await vigia.residentBytes().catch(() => 0))
  }
  if (untilMs - startMs < MEMORY_SECONDS * 1000) return []
  const third = Math.ceil(residents.length / 3)
  const middle = Math.max(...residents.slice(third, 2 * third))
  const last = Math.max(...residents.slice(-third))
  const text = `memory grows: ${Math.round(middle / MIB)} MiB in the second third, ${Math.round(last / MIB)} in the last`
  return last > middle * 1.25 + 32 * MIB ? [text] : []
}
