// A chaos upstream, a process of its own: answers what the load asks, keeps its journal, and misbehaves as it is told.
// `node upstream.ts '{"name":...}'` with an IPC channel. Nothing here knows of vigia.

import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { sleep } from '../support/until.ts'
import { bodyOf, type FromNode, type JournalLine, type Mode, type NodeSetup, type ToNode } from './modes.ts'

const setup = JSON.parse(process.argv[2] ?? '') as NodeSetup
const journal = openSync(setup.journal, 'a')
mkdirSync(setup.keys, { recursive: true })

let mode: Mode = { kind: 'well' }
let leaving = false
const sockets = new Set<Socket>()
const held = new Set<Socket>()
/** Requests under way, by connection. */
const busy = new WeakMap<Socket, number>()

/** One write: whole or not at all, also under kill -9. */
function note(event: JournalLine['event'], id: string, method: string, more: Partial<JournalLine> = {}): void {
  const line: JournalLine = { event, atMs: Date.now(), node: setup.name, id, method, ...more }
  writeSync(journal, `${JSON.stringify(line)}\n`)
}

const server = createServer({
  keepAliveTimeout: setup.keepAliveMs,
  requestTimeout: 0,
  headersTimeout: 0,
  noDelay: true,
})
server.on('connection', (socket: Socket) => {
  sockets.add(socket)
  socket.on('error', () => {})
  socket.on('close', () => {
    sockets.delete(socket)
    held.delete(socket)
  })
})
server.on('request', (request, response) => {
  const { socket } = request
  busy.set(socket, (busy.get(socket) ?? 0) + 1)
  response.on('close', () => {
    busy.set(socket, (busy.get(socket) ?? 1) - 1)
    if (mode.kind === 'idle-close' && !mode.announced) closeWhenIdle(socket, mode.withinMs)
  })
  serve(request, response).catch(() => socket.destroy())
})

/** Of a tunnel that is never read. */
const DEAF = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const webSockets = new WebSocketServer({ noServer: true })
server.on('upgrade', (request, socket: Socket, head) => {
  if (mode.kind === 'mute') return void held.add(socket)
  if (mode.kind === 'half-closed') return void socket.end()
  if (breaks() || spoils()) return void socket.destroy()
  if (request.url?.startsWith('/rest/deaf-')) return void socket.write(DEAF)
  webSockets.handleUpgrade(request, socket, head, client => {
    client.on('error', () => {})
    client.send(`hello ${setup.name}`)
    client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
  })
})

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://chaos')
  const { socket } = request
  const method = request.method ?? ''
  if (url.pathname === '/health') return probe(request, response)
  const id = url.pathname.slice(url.pathname.lastIndexOf('/') + 1)
  const key = request.headers['idempotency-key']
  const keyed = typeof key === 'string' ? { key } : {}
  const breaking = breaks()
  const spoiling = spoils()
  note('begin', id, method, keyed)
  let isWhole = false
  request.on('close', () => {
    if (!isWhole && !request.complete) note('partial', id, method)
  })
  if (breaking?.where === 'in-request') {
    if (!request.readableEnded) await firstBytes(request)
    return breakOff(socket, breaking.hard)
  }
  const hash = createHash('sha1')
  let bytes = 0
  for await (const piece of request) {
    bytes += (piece as Buffer).length
    hash.update(piece as Buffer)
  }
  isWhole = true
  note('whole', id, method, { ...keyed, bytes })
  // What a key stands for is carried out once, whoever of all upstreams is first.
  const doneBy = key !== undefined && url.pathname.startsWith('/keyed/') ? carryOut(String(key), id) : setup.name
  if (mode.kind === 'mute') return void held.add(socket)
  if (mode.kind === 'half-closed') return void socket.end()
  if (breaking?.where === 'before-head') return breakOff(socket, breaking.hard)
  if (mode.kind === 'slow') await sleep(mode.delayMs)
  const holdMs = Number(url.searchParams.get('hold') ?? 0)
  if (holdMs > 0) await sleep(holdMs)
  if (response.destroyed) return
  if (spoiling) return void socket.write('HTTP/1.1 200 OK\nContent-Length: 3\n\nbad')
  const body = bodyOf(id, Number(url.searchParams.get('bytes') ?? 64))
  const head = { 'x-node': setup.name, 'x-done-by': doneBy, 'x-id': id, 'x-digest': hash.digest('hex') }
  if (breaking) return answerInPart(socket, breaking.where === 'in-head', breaking.hard, head, body)
  const closes = leaving || (mode.kind === 'idle-close' && mode.announced)
  note('answered', id, method)
  const stored = url.pathname.startsWith('/assets/') && { 'cache-control': 'public, max-age=1', etag: `"${id}"` }
  if (stored && request.headers['if-none-match'] === stored.etag) {
    return void response.writeHead(304, { ...stored, 'x-node': setup.name }).end()
  }
  response.writeHead(200, {
    ...head,
    'content-type': 'text/plain',
    ...stored,
    ...(url.searchParams.has('chunked') ? {} : { 'content-length': body.length }),
    ...(closes ? { connection: 'close' } : {}),
  })
  if (!url.searchParams.has('chunked')) return void response.end(body)
  response.write(body.subarray(0, body.length >> 1))
  await sleep(2)
  response.end(body.subarray(body.length >> 1))
}

async function probe(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (mode.kind === 'mute') return void held.add(request.socket)
  if (mode.kind === 'half-closed') return void request.socket.end()
  if ('probes' in mode && mode.probes) {
    if (mode.kind === 'slow') await sleep(mode.delayMs)
    else return void request.socket.destroy()
  }
  if (leaving) response.writeHead(503).end('leaving')
  else response.end('ok')
}

function breaks() {
  return mode.kind === 'reset' && Math.random() < mode.share ? mode : undefined
}

function spoils(): boolean {
  return mode.kind === 'garbage' && Math.random() < mode.share
}

function breakOff(socket: Socket, hard: boolean): void {
  if (hard) socket.resetAndDestroy()
  else socket.destroy()
}

/** What is written has time to arrive: a reset can overtake it. */
async function answerInPart(
  socket: Socket,
  inHead: boolean,
  hard: boolean,
  head: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<void> {
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`)
  const text = `HTTP/1.1 200 OK\r\n${lines.join('')}`
  socket.write(inHead ? text : `${text}Content-Length: ${body.length}\r\n\r\n`)
  if (!inHead) socket.write(body.subarray(0, body.length >> 1))
  await sleep(3)
  breakOff(socket, hard)
}

function firstBytes(request: IncomingMessage): Promise<void> {
  return new Promise(resolve => {
    request.once('data', () => resolve())
    request.once('end', resolve)
    request.once('close', resolve)
  })
}

/** @returns the node that carried out what this key stands for */
function carryOut(key: string, id: string): string {
  const name = createHash('sha1').update(key).digest('hex')
  const own = join(setup.keys, `.${setup.name}-${process.pid}-${id}`)
  const shared = join(setup.keys, name)
  writeFileSync(own, JSON.stringify({ key, id, node: setup.name }))
  try {
    // Atomic, contents and all: there is one winner.
    linkSync(own, shared)
    return setup.name
  } catch {
    return (JSON.parse(readFileSync(shared, 'utf8')) as { node: string }).node
  } finally {
    unlinkSync(own)
  }
}

function closeWhenIdle(socket: Socket, withinMs: number): void {
  setTimeout(() => {
    if ((busy.get(socket) ?? 0) === 0) socket.destroy()
  }, Math.random() * withinMs)
}

async function become(next: Mode): Promise<void> {
  const before = mode.kind
  mode = next
  if (before === 'mute') for (const socket of held) socket.resetAndDestroy()
  if (before === 'refuse' && next.kind !== 'refuse') await listen()
  if (next.kind === 'refuse' && before !== 'refuse') {
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of sockets) socket.resetAndDestroy()
    await closed
  }
  // Those that wait for a request now, too.
  if (next.kind === 'half-closed') for (const socket of sockets) if ((busy.get(socket) ?? 0) === 0) socket.end()
  if (next.kind === 'idle-close') for (const socket of sockets) closeWhenIdle(socket, next.withinMs)
}

function listen(): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(setup.port, '127.0.0.1', 511, () => resolve())
  })
}

function tell(message: FromNode): void {
  if (process.connected) process.send?.(message)
}

/** A restart as it should be: what is under way is finished. */
process.on('SIGTERM', () => {
  leaving = true
  server.close(() => process.exit(0))
  server.closeIdleConnections()
  for (const client of webSockets.clients) client.close(1012, 'restart')
  setTimeout(() => process.exit(0), 1500).unref()
})
process.on('disconnect', () => process.exit(0))
process.on('message', ({ mode: next, order }: ToNode) => {
  void become(next).then(() => tell({ done: order }))
})
await listen()
tell({ listening: true })
