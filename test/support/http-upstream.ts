// A real HTTP upstream on node:http: tells as JSON what request it saw, and serves large, slow and failing answers by path.
// For tests of whole exchanges; where single bytes matter, raw-upstream.ts is the one to use.

import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the upstream reports of a request. */
export interface SeenRequest {
  readonly upstream: string
  readonly method: string
  readonly url: string
  readonly fields: readonly (readonly [string, string])[]
  readonly bodyBytes: number
  readonly bodySha256: string
}

export interface HttpUpstream {
  readonly port: number
  /** Requests since the start, aborted ones too. */
  readonly requests: number
  /** Requests whose connection ended before the answer was complete. */
  readonly aborted: number
  readonly connections: number
  close(): Promise<void>
}

/**
 * Paths: `/bytes/N` N pseudo-random bytes (see `pattern`); `/hang` never answers; `/trickle` a head, then a byte each 20 ms;
 * `/status/N`; all others: 200 and a `SeenRequest`.
 */
export async function startHttpUpstream(name = 'erp', port = 0): Promise<HttpUpstream> {
  const counts = { requests: 0, aborted: 0 }
  const server: Server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    counts.requests += 1
    response.on('close', () => {
      if (!response.writableFinished) counts.aborted += 1
    })
    serve(name, request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  let connections = 0
  server.on('connection', socket => {
    connections += 1
    socket.on('close', () => {
      connections -= 1
    })
  })
  return {
    port: (server.address() as AddressInfo).port,
    get requests() {
      return counts.requests
    },
    get aborted() {
      return counts.aborted
    },
    get connections() {
      return connections
    },
    close() {
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

/** Kept: each costs as much as to carry it through vigia. */
const blocks: Buffer[] = []
const MOST_BLOCKS = 64

/** The `index`th 64 KiB block of a body whose content can be recomputed anywhere. Nobody changes it. */
function pattern(index: number): Buffer {
  const block = blocks[index] ?? makeBlock(index)
  if (index < MOST_BLOCKS) blocks[index] = block
  return block
}

function makeBlock(index: number): Buffer {
  const words = new Int32Array(16_384)
  let state = (index + 1) * 2_654_435_761
  for (let at = 0; at < words.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    words[at] = state
  }
  return Buffer.from(words.buffer)
}

/** Blocks of `pattern`, `bytes` in all. */
export function* patternBlocks(bytes: number): Generator<Buffer> {
  for (let index = 0; bytes > 0; index += 1) {
    const block = pattern(index)
    yield bytes >= block.length ? block : block.subarray(0, bytes)
    bytes -= block.length
  }
}

export function patternSha256(bytes: number): string {
  const hash = createHash('sha256')
  for (const block of patternBlocks(bytes)) hash.update(block)
  return hash.digest('hex')
}

function serve(name: string, request: IncomingMessage, response: ServerResponse): void {
  const [, kind, argument] = (request.url ?? '').split(/[/?]/)
  if (kind === 'bytes') {
    sendBytes(Number(argument), response)
    return
  }
  if (kind === 'hang') return
  if (kind === 'trickle') {
    trickle(response)
    return
  }
  const hash = createHash('sha256')
  let bodyBytes = 0
  request.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    bodyBytes += chunk.length
  })
  request.on('end', () => {
    const fields: [string, string][] = []
    for (let i = 0; i < request.rawHeaders.length; i += 2)
      fields.push([request.rawHeaders[i]!, request.rawHeaders[i + 1]!])
    const seen: SeenRequest = {
      upstream: name,
      method: request.method ?? '',
      url: request.url ?? '',
      fields,
      bodyBytes,
      bodySha256: hash.digest('hex'),
    }
    const body = JSON.stringify(seen)
    const status = kind === 'status' ? Number(argument) : 200
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
}

async function sendBytes(bytes: number, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
  const gone = new Promise<void>(resolve => response.once('close', resolve))
  for (const block of patternBlocks(bytes)) {
    if (response.destroyed) return
    if (!response.write(block))
      await Promise.race([gone, new Promise<void>(resolve => response.once('drain', resolve))])
  }
  response.end()
}

function trickle(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const timer = setInterval(() => response.write('.'), 20)
  response.on('close', () => clearInterval(timer))
}
