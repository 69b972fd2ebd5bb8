// The upstream where nginx is not installed: node:net with just enough HTTP for the benchmark's well-formed requests.
// It reads each request's whole body, then sends the scenario's finished answer. argv: ports.
import { createServer, type Socket } from 'node:net'
import { scenarios } from '../scenarios/all.ts'

const ports = process.argv.slice(2).map(Number)
const empty = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n')
const answers = new Map<string, Buffer>([['GET /health', empty]])
for (const { upstream, request, answer } of scenarios) {
  if (upstream !== 'static') continue
  const head = `HTTP/1.1 ${answer.status} OK\r\nServer: bench\r\nContent-Type: ${answer.contentType}\r\n`
  const length = `Content-Length: ${answer.body.length}\r\n\r\n`
  answers.set(`${request.method} ${request.path}`, Buffer.concat([Buffer.from(head + length), answer.body]))
}
const missing = Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')

for (const port of ports) createServer({ noDelay: true }, serve).listen(port, '127.0.0.1', 4096)

function serve(socket: Socket): void {
  let pending = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    pending += chunk.toString('latin1')
    for (let length = requestLength(pending); length > 0 && pending.length >= length; length = requestLength(pending)) {
      const target = pending.slice(0, pending.indexOf(' HTTP/'))
      pending = pending.slice(length)
      socket.write(answers.get(target) ?? missing)
    }
  })
}

/** Bytes of the first request with its body; 0 while its head is incomplete. */
function requestLength(text: string): number {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return 0
  const declared = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end + 2))
  if (declared !== null) return end + 4 + Number(declared[1])
  return /\r\ntransfer-encoding:/i.test(text.slice(0, end + 2)) ? chunkedLength(text, end + 4) : end + 4
}

/** A proxy may forward a body chunked; 0 while it is incomplete. */
function chunkedLength(text: string, from: number): number {
  const last = text.indexOf('0\r\n\r\n', from)
  return last < 0 ? 0 : last + 5
}
