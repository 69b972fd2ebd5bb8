// The upstream for what a server of files can't do: hashes an upload, answers in chunks that are sent one by one, echoes WebSocket
// messages. On node:http, since its cost is not measured. argv: port.
import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { FrameReader, frame } from '../load/websocket-frames.ts'
import { chunkBytes, chunked } from '../scenarios/bodies.ts'

const server = createServer((request, response) => {
  if (request.url === '/upload') {
    const hash = createHash('sha256')
    request.on('data', chunk => hash.update(chunk))
    request.on('end', () => finish(response, 200, hash.digest('hex')))
  } else if (request.url === chunked.request.path) void stream(response)
  else if (request.url === '/health') response.writeHead(204).end()
  else finish(response, 404, '')
})
server.on('upgrade', (_request, socket: Duplex, early: Buffer) => {
  socket.on('error', () => socket.destroy())
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n')
  // RFC 6455 1.3: the accept value of the key that the load sends, which is the RFC's own example.
  socket.write('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n')
  const reader = new FrameReader(message => socket.write(frame(message, 'server')))
  reader.push(early)
  socket.on('data', (chunk: Buffer) => reader.push(chunk))
  socket.on('end', () => socket.end())
})
server.keepAliveTimeout = 300_000
server.listen(Number(process.argv[2]), '127.0.0.1', 4096)

function finish(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': text.length }).end(text)
}

/** Each chunk in a turn of its own, so that it leaves in a write of its own. */
async function stream(response: ServerResponse): Promise<void> {
  const { body, contentType } = chunked.answer
  response.writeHead(200, { 'Content-Type': contentType })
  for (let at = 0; at < body.length && !response.destroyed; at += chunkBytes) {
    response.write(body.subarray(at, at + chunkBytes))
    await setImmediate()
  }
  response.end()
}
