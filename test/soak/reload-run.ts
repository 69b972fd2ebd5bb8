// Reloads a real vigia again and again, under load and with WebSockets open on upstreams that stay: nothing may fail, drop or grow. Clients
// come by HTTP/1.1, TLS and HTTP/2, also to a listener that comes and goes.

import { renameSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { stringify } from 'yaml'
import { PROTOCOLS } from '../support/carriers/carrier.ts'
import { H2Carrier } from '../support/carriers/h2-carrier.ts'
import { H2WebSocket } from '../support/carriers/h2-web-socket.ts'
import { freePort } from '../support/free-port.ts'
import { certificateFiles } from '../support/tls-files.ts'
import { sleep, until } from '../support/until.ts'
import { startVigia, type Vigia } from '../support/vigia.ts'
import { ask, carrierOf, type Doors } from './reload-clients.ts'

export interface ReloadRun {
  readonly reloads: number
  readonly sockets: number
  /** Clients that ask one request after the other. */
  readonly clients: number
  readonly workers?: number
  readonly onProgress?: (line: string) => void
}

export interface ReloadResult {
  readonly requests: number
  /** What went wrong with requests: one line each. */
  readonly failed: readonly string[]
  /** WebSockets that ended, or whose echo did not come. */
  readonly dropped: readonly string[]
  readonly echoes: number
  readonly slowestReloadMs: number
  /** GOAWAYs that clients got. */
  readonly toldToGo: number
  /** Resident bytes of vigia after each reload. */
  readonly resident: readonly number[]
  /** What vigia wrote. */
  readonly log: string
}

const PAUSE_BETWEEN_ECHOES_MS = 100
const NAME = 'reloads.example'

interface Node {
  readonly port: number
  close(): Promise<void>
}

export async function runReloads({
  reloads,
  sockets,
  clients,
  workers = 2,
  onProgress,
}: ReloadRun): Promise<ReloadResult> {
  const nodes = await Promise.all([1, 2, 3].map(() => startNode()))
  const ports = nodes.map(({ port }) => port)
  const [files] = await certificateFiles({ names: [NAME] })
  const vigia = await startVigia({ upstreams: ports.slice(0, 2), config: { workers } })
  const doors: Doors = {
    web: vigia.port,
    secure: await freePort(),
    extra: [await freePort(), await freePort()],
    files: files!,
    trust: { ca: files!.cert, servername: NAME },
  }
  const admin = { address: `127.0.0.1:${vigia.adminPort}` }
  const documentOf = (turn: number) => ({ ...version(turn, doors, ports), workers, admin })
  /** Where those go that use whichever listener is there. */
  let way = doors.secure
  const sessions = [new H2Carrier(() => doors.secure, doors.trust), new H2Carrier(() => way, doors.trust)]
  const failed: string[] = []
  const dropped: string[] = []
  const counts = { requests: 0, echoes: 0 }
  const resident: number[] = []
  let slowestReloadMs = 0
  let stopping = false
  let turn = 0
  try {
    await reload(vigia, documentOf(turn), turn)
    const open = await Promise.all(Array.from({ length: sockets }, (_, i) => openSocket(doors, sessions[0]!, i)))
    for (const { socket, name } of open) {
      socket.on('close', code => stopping || dropped.push(`${name} was closed (${code}) in turn ${turn}`))
      socket.on('error', error => stopping || dropped.push(`${name}: ${error.message} in turn ${turn}`))
    }
    const isOver = () => stopping
    const talking = open.map(({ socket, name }) => talk(socket, name, isOver, counts, dropped))
    const carriers = Array.from({ length: clients }, (_, i) => carrierOf(doors, sessions, i))
    const asking = carriers.map((carrier, i) => ask(carrier, i, isOver, counts, failed, () => turn))

    for (turn = 1; turn <= reloads; turn += 1) {
      // Who is on his way to a listener that leaves is lost with what the kernel has of it: nobody is.
      const extra = extraOf(turn, doors)
      if (extra !== way) way = doors.secure
      await until('nobody is on his way', () => sessions.every(({ connecting }) => connecting === 0))
      slowestReloadMs = Math.max(slowestReloadMs, await reload(vigia, documentOf(turn), turn))
      way = extra ?? doors.secure
      sessions[1]!.renew(false)
      resident.push(await vigia.residentBytes())
      if (turn % 20 === 0)
        onProgress?.(`${turn} reloads, ${counts.requests} requests, ${Math.round(resident.at(-1)! / 1e6)} MB`)
    }
    stopping = true
    await Promise.all([...talking, ...asking])
    for (const { socket } of open) socket.terminate()
    for (const each of [...carriers, ...sessions]) each.close()
    await until('nothing is left in flight', async () => {
      const { pools } = await vigia.status()
      return pools.every(pool => pool.upstreams.every(each => each.inFlight === 0 && each.tunnels === 0))
    })
    await vigia.stop()
  } finally {
    stopping = true
    vigia.kill('SIGKILL')
    await Promise.all(nodes.map(each => each.close()))
  }
  const toldToGo = sessions.reduce((sum, each) => sum + each.toldToGo, 0)
  return { ...counts, failed, dropped, slowestReloadMs, toldToGo, resident, log: vigia.stderr() }
}

/** In two of three turns, now at one address and now at the other. */
function extraOf(turn: number, { extra }: Doors): number | undefined {
  return turn % 3 === 0 ? undefined : extra[turn % 3 > 1 ? 1 : 0]
}

/** A configuration that differs from the one before in several ways; upstreams erp-1 and erp-2, listeners `web` and `secure` are in each. */
function version(turn: number, doors: Doors, ports: readonly number[]) {
  const { certFile, keyFile } = doors.files
  const tls = { certificates: [{ certFile, keyFile }] }
  const node = (i: number, more = {}) => ({ name: `erp-${i}`, url: `http://127.0.0.1:${ports[i - 1]}`, ...more })
  const third = turn % 2 === 1 ? [node(3)] : []
  const extra = extraOf(turn, doors)
  const listeners = [
    { name: 'web', address: `127.0.0.1:${doors.web}` },
    { name: 'secure', address: `127.0.0.1:${doors.secure}`, tls },
    ...(extra === undefined ? [] : [{ name: 'extra', address: `127.0.0.1:${extra}`, tls }]),
  ]
  return {
    listeners,
    routes: [
      ...(turn % 4 === 0 ? [{ name: 'more', match: { path: '/more' }, pool: 'more' }] : []),
      { name: 'all', pool: 'erp', timeouts: { response: `${60 + turn}s` } },
    ],
    pools: {
      erp: {
        health: { type: 'tcp', interval: '1s' },
        balance: turn % 7 === 0 ? 'round-robin' : 'least-connections',
        idleConnections: 32 + (turn % 4),
        queue: { max: 512 },
        upstreams: [node(1), node(2, { weight: 50 + (turn % 10), maxConnections: 500 + turn }), ...third],
      },
      ...(turn % 4 === 0 ? { more: { health: 'off', upstreams: [node(3)] } } : {}),
    },
    accessLog: false,
  }
}

/** In turns by each way in which a file is replaced; resolves with how long it took until every worker had it, ms. */
async function reload(vigia: Vigia, document: object, turn: number): Promise<number> {
  const { revision } = await vigia.status()
  const begunMs = performance.now()
  if (turn % 3 === 1) writeFileSync(vigia.configFile, stringify(document))
  else {
    writeFileSync(`${vigia.configFile}.new`, stringify(document))
    renameSync(`${vigia.configFile}.new`, vigia.configFile)
  }
  // Half of them are asked for, the others seen.
  if (turn % 2 === 0) vigia.kill('SIGHUP')
  await until(
    `reload ${turn} is done`,
    async () => {
      const status = await vigia.status()
      return status.revision > revision && status.workers.every(worker => worker.revision === status.revision)
    },
    { everyMs: 20 },
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${vigia.stderr().slice(-4000)}`)
  })
  return performance.now() - begunMs
}

async function startNode(): Promise<Node> {
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, (asked, response) => {
    asked.resume().on('end', () => setTimeout(() => response.end(`${asked.method} ${asked.url}`), 2))
  })
  const upgrades = new WebSocketServer({ server })
  upgrades.on('connection', socket => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of upgrades.clients) socket.terminate()
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

async function openSocket(
  { web, secure, trust }: Doors,
  session: H2Carrier,
  i: number,
): Promise<{ socket: WebSocket; name: string }> {
  const protocol = PROTOCOLS[i % PROTOCOLS.length]!
  const stream = protocol === 'h2' && { createConnection: () => new H2WebSocket(session.session) as never }
  const socket =
    protocol === 'tls'
      ? new WebSocket(`wss://127.0.0.1:${secure}/ws/${i}`, trust)
      : new WebSocket(`ws://127.0.0.1:${web}/ws/${i}`, { ...stream })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { socket, name: `WebSocket ${i} (${protocol})` }
}

async function talk(
  socket: WebSocket,
  name: string,
  isOver: () => boolean,
  counts: { echoes: number },
  dropped: string[],
): Promise<void> {
  let got = ''
  socket.on('message', data => {
    got = String(data)
  })
  for (let i = 0; !isOver() && socket.readyState === WebSocket.OPEN; i += 1) {
    socket.send(`${name} says ${i}`)
    try {
      await until('the echo', () => got === `${name} says ${i}`, { everyMs: 20 })
    } catch {
      dropped.push(`${name}: no echo`)
      return
    }
    counts.echoes += 1
    await sleep(PAUSE_BETWEEN_ECHOES_MS)
  }
}

/** Whether memory was at rest: what it had come to late is not more than what it had come to early, with some play for the collector. */
export function isFlat(resident: readonly number[]): boolean {
  const quarter = Math.floor(resident.length / 4)
  const median = (from: number) => [...resident.slice(from, from + quarter)].sort((a, b) => a - b)[quarter >> 1]!
  return median(resident.length - quarter) <= median(quarter) * 1.15 + 16e6
}
