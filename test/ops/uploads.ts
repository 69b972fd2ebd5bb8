// See uploads.sh. Each part says what it measured, and fails where it is not what it should be.

import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep, until } from '../support/until.ts'
import { startVigia, type Vigia } from '../support/vigia.ts'

const MIB = 1024 ** 2
const PIECE = Buffer.alloc(MIB, 'upload of a slow client; ')

interface Received {
  readonly bytes: number
  readonly sha256: string
  /** From the head to the last byte. */
  readonly seconds: number
  readonly framing: string
}

/** A node that reads uploads, and says of each what it got. */
async function startNode(): Promise<{ server: Server; port: number; received: Received[]; begun: () => number }> {
  const received: Received[] = []
  let begun = 0
  const server = createServer((request, response) => {
    begun += 1
    const startedMs = performance.now()
    const hash = createHash('sha256')
    let bytes = 0
    request.on('data', (piece: Buffer) => {
      bytes += piece.length
      hash.update(piece)
    })
    request.on('end', () => {
      const { 'content-length': length, 'transfer-encoding': coding } = request.headers
      const seconds = (performance.now() - startedMs) / 1000
      received.push({ bytes, sha256: hash.digest('hex'), seconds, framing: length ?? coding ?? '' })
      response.end('ok')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port, received, begun: () => begun }
}

async function open(port: number, bytes: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await new Promise<void>(resolve => socket.once('connect', resolve))
  socket.write(`POST / HTTP/1.1\r\nHost: erp\r\nContent-Length: ${bytes}\r\n\r\n`)
  return socket
}

async function send(socket: Socket, piece: Buffer, hash?: Hash): Promise<void> {
  hash?.update(piece)
  if (!socket.write(piece)) await new Promise<void>(resolve => socket.once('drain', resolve))
}

/** The first line of the answer. */
function answered(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1').split('\r\n')[0]!))
    socket.once('close', () => reject(new Error('closed without an answer')))
  })
}

/** Files of the process that nobody else can open. */
function unnamed({ pid }: Vigia, directory: string): number {
  return readdirSync(`/proc/${pid}/fd`).filter(fd => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(directory)
    } catch {
      return false
    }
  }).length
}

function setup(port: number, directory: string, keepFree = '1MiB') {
  return {
    upstreams: [port],
    ownProcess: true,
    pool: { buffer: { request: 'on' } },
    config: { workers: 1, buffers: { directory, keepFree }, limits: { body: '2GiB' } },
  }
}

/** 1 GiB at some 100 MB/s reaches the node in one piece, as fast as it takes it, while the memory of vigia stays flat. */
async function large(directory: string): Promise<void> {
  const node = await startNode()
  const vigia = await startVigia(setup(node.port, directory))
  const warm = await open(vigia.port, 3 * MIB)
  for (let i = 0; i < 3; i += 1) await send(warm, PIECE)
  await answered(warm)
  warm.destroy()
  const before = await vigia.residentBytes()
  let most = before
  const watch = setInterval(() => void vigia.residentBytes().then(bytes => (most = Math.max(most, bytes))), 100)
  const hash = createHash('sha256')
  const socket = await open(vigia.port, 1024 * MIB)
  const answer = answered(socket)
  for (let i = 0; i < 1024; i += 1) {
    await send(socket, PIECE, hash)
    await sleep(5)
    if (i === 1000) assert.equal(node.begun(), 1, 'the node was asked before all was there')
  }
  assert.equal(await answer, 'HTTP/1.1 200 OK')
  clearInterval(watch)
  const got = node.received.at(-1)!
  assert.equal(got.bytes, 1024 * MIB)
  assert.equal(got.sha256, hash.digest('hex'))
  assert.equal(got.framing, String(1024 * MIB))
  socket.destroy()
  await until('its file is gone', () => unnamed(vigia, directory) === 0)
  const grown = (most - before) / MIB
  console.log(
    `1 GiB: at the node within ${got.seconds.toFixed(1)} s of its head; vigia grew by ${grown.toFixed(0)} MiB at most`,
  )
  assert.ok(grown < 96, `its memory grew by ${grown} MiB`)
  await vigia.stop()
  node.server.close()
}

/** 200 clients send 2 MB each, a little at a time: what vigia holds of them does not grow with what they have sent. */
async function many(directory: string): Promise<void> {
  const node = await startNode()
  const vigia = await startVigia(setup(node.port, directory))
  const body = 2_000_000
  const before = await vigia.residentBytes()
  const sockets = await Promise.all(Array.from({ length: 200 }, () => open(vigia.port, body)))
  const answers = sockets.map(answered)
  const piece = PIECE.subarray(0, 20_000)
  for (let sent = 0; sent < body - piece.length; sent += piece.length) {
    for (const socket of sockets) await send(socket, piece)
    await sleep(50)
  }
  await until('all of them wait in files', () => unnamed(vigia, directory) === 200)
  assert.equal(node.begun(), 0, 'the node was asked before one was there')
  const grown = ((await vigia.residentBytes()) - before) / MIB
  for (const socket of sockets) await send(socket, piece)
  for (const answer of answers) assert.equal(await answer, 'HTTP/1.1 200 OK')
  assert.ok(node.received.every(({ bytes }) => bytes === body))
  for (const socket of sockets) socket.destroy()
  await until('their files are gone', () => unnamed(vigia, directory) === 0)
  console.log(`200 slow uploads, 400 MB in all: vigia grew by ${grown.toFixed(0)} MiB`)
  assert.ok(grown < 100, `it grew by ${grown} MiB`)
  await vigia.stop()
  node.server.close()
}

/** A file system of 4 MiB: what does not fit is streamed, whole, and said; once there is room, bodies are gathered again. */
async function full(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'vigia-full-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory])
  try {
    const node = await startNode()
    const vigia = await startVigia(setup(node.port, directory, '0'))
    const hash = createHash('sha256')
    const socket = await open(vigia.port, 16 * MIB)
    const answer = answered(socket)
    for (let i = 0; i < 16; i += 1) await send(socket, PIECE, hash)
    assert.equal(await answer, 'HTTP/1.1 200 OK')
    assert.equal(node.received[0]?.sha256, hash.digest('hex'))
    await until('it is said', () => /disk-full/.test(vigia.stderr() + vigia.stdout()))
    await until('its file is gone', () => unnamed(vigia, directory) === 0)
    await sleep(10_500)
    const next = await open(vigia.port, 2 * MIB)
    await send(next, PIECE)
    await until('bodies wait in files again', () => unnamed(vigia, directory) === 1)
    await send(next, PIECE)
    assert.equal(await answered(next), 'HTTP/1.1 200 OK')
    for (const each of [socket, next]) each.destroy()
    console.log(`a full disk: 16 MiB were streamed whole, and the next body was gathered again`)
    await vigia.stop()
    node.server.close()
  } finally {
    execFileSync('umount', ['-l', directory])
    rmSync(directory, { recursive: true })
  }
}

const directory = mkdtempSync(join(tmpdir(), 'vigia-uploads-'))
try {
  const [only] = process.argv.slice(2)
  if (only === undefined || only === 'large') await large(directory)
  if (only === undefined || only === 'many') await many(directory)
  if (process.getuid?.() !== 0) console.log('a full disk: left out, it needs root')
  else if (only === undefined || only === 'full') await full()
} finally {
  rmSync(directory, { recursive: true })
}
process.exit()
