// Reloads a real vigia again and again, under load and with WebSockets open on upstreams that stay: nothing may fail, drop or grow.

import { renameSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { stringify } from 'yaml'
import { freePort } from '../support/free-port.ts'
import { STUCK_MS, sleep, until } from '../support/until.ts'
import { startVigia, type Vigia } from '../support/vigia.ts'

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
  /** Resident bytes of vigia after each reload. */
  readonly resident: readonly number[]
  /** What vigia wrote. */
  readonly log: string
}

const PAUSE_BETWEEN_ECHOES_MS = 100

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
  const extra = [await freePort(), await freePort()]
  const vigia = await startVigia({ upstreams: ports.slice(0, 2), config: { workers } })
  const admin = { address: `127.0.0.1:${vigia.adminPort}` }
  const documentOf = (turn: number) => ({ ...version(turn, vigia.port, ports, extra), workers, admin })
  const failed: string[] = []
  const dropped: string[] = []
  const counts = { requests: 0, echoes: 0 }
  const resident: number[] = []
  let slowestReloadMs = 0
  let stopping = false
  let turn = 0
  try {
    await reload(vigia, documentOf(turn), turn)
    const open = await Promise.all(Array.from({ length: sockets }, (_, i) => openSocket(vigia.port, i)))
    for (const { socket, name } of open) {
      socket.on('close', code => stopping || dropped.push(`${name} was closed (${code}) in turn ${turn}`))
      socket.on('error', error => stopping || dropped.push(`${name}: ${error.message} in turn ${turn}`))
    }
    const isOver = () => stopping
    const talking = open.map(({ socket, name }) => talk(socket, name, isOver, counts, dropped))
    const asking = Array.from({ length: clients }, (_, i) => ask(vigia.port, i, isOver, counts, failed, () => turn))

    for (turn = 1; turn <= reloads; turn += 1) {
      slowestReloadMs = Math.max(slowestReloadMs, await reload(vigia, documentOf(turn), turn))
      resident.push(await vigia.residentBytes())
      if (turn % 20 === 0)
        onProgress?.(`${turn} reloads, ${counts.requests} requests, ${Math.round(resident.at(-1)! / 1e6)} MB`)
    }
    stopping = true
    await Promise.all([...talking, ...asking])
    for (const { socket } of open) socket.terminate()
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
  return { ...counts, failed, dropped, slowestReloadMs, resident, log: vigia.stderr() }
}

/** A configuration that differs from the one before in several ways; upstreams erp-1 and erp-2 and the listener `web` are in each. */
function version(turn: number, port: number, ports: readonly number[], extra: readonly number[]) {
  const node = (i: number, more = {}) => ({ name: `erp-${i}`, url: `http://127.0.0.1:${ports[i - 1]}`, ...more })
  const third = turn % 2 === 1 ? [node(3)] : []
  const listeners = [{ name: 'web', address: `127.0.0.1:${port}` }]
  if (turn % 3 > 0) listeners.push({ name: 'extra', address: `127.0.0.1:${extra[turn % 3 > 1 ? 1 : 0]}` })
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

async function openSocket(port: number, i: number): Promise<{ socket: WebSocket; name: string }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/${i}`)
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { socket, name: `WebSocket ${i}` }
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

async function ask(
  port: number,
  client: number,
  isOver: () => boolean,
  counts: { requests: number },
  failed: string[],
  turn: () => number,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let i = 0; !isOver(); i += 1) {
    const method = i % 3 === 0 ? 'POST' : 'GET'
    const path = `/${client}/${i}`
    counts.requests += 1
    const wrong = await once(agent, port, method, path).catch((error: Error) => error.message)
    if (wrong !== undefined) failed.push(`${method} ${path} in turn ${turn()}: ${wrong}`)
    await sleep(5)
  }
  agent.destroy()
}

/** Resolves with what is wrong with the answer. */
function once(agent: Agent, port: number, method: string, path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, method, path, timeout: STUCK_MS }, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('error', reject)
      response.on('end', () => {
        const isRight = response.statusCode === 200 && body === `${method} ${path}`
        resolve(isRight ? undefined : `${response.statusCode} ${body.slice(0, 100)}`)
      })
    })
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new Error('no answer')))
    sent.end(method === 'POST' ? 'an order' : undefined)
  })
}

/** Whether memory was at rest: what it had come to late is not more than what it had come to early, with some play for the collector. */
export function isFlat(resident: readonly number[]): boolean {
  const quarter = Math.floor(resident.length / 4)
  const median = (from: number) => [...resident.slice(from, from + quarter)].sort((a, b) => a - b)[quarter >> 1]!
  return median(resident.length - quarter) <= median(quarter) * 1.15 + 16e6
}
