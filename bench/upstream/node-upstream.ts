// The upstream where nginx is not installed: node:net with just enough HTTP for the benchmark's well-formed requests.
// It reads each request's whole body, then sends the scenario's finished answer. argv: port.
import { createServer } from 'node:net'
import { scenarios } from '../scenarios/all.ts'

const port = Number(process.argv[2])
const empty = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n')
const answers = new Map<string, Buffer>([['GET /health', empty]])
for (const { request, answer } of scenarios) {
  const head = `HTTP/1.1 ${answer.status} OK\r\nServer: bench\r\nContent-Type: ${answer.contentType}\r\n`
  const length = `Content-Length: ${answer.body.length}\r\n\r\n`
  answers.set(`${request.method} ${request.path}`, Buffer.concat([Buffer.from(head + length), answer.body]))
}
const missing = Buffer.from('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')

createServer({ noDelay: true }, socket => {
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
}).listen(port, '127.0.0.1', 4096)

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
