// `node four-workers.ts PORT MEGABYTES`: a server with four workers, each of which has one connection for one request until its client has
// taken the answer. Who comes meanwhile waits.
import { createServer } from 'node:http'
import { createServer as listenOn, type Socket } from 'node:net'
import { Readable } from 'node:stream'

const WORKERS = 4
const piece = Buffer.alloc(65_536, 'x')
const [port = 0, megabytes = 0] = process.argv.slice(2).map(Number)

const http = createServer(async (request, answer) => {
  for await (const _ of request) {
    // It reads all of the request first.
  }
  answer.setHeader('Connection', 'close')
  if (request.url !== '/report') return answer.end('click')
  answer.setHeader('Content-Length', megabytes * 1024 ** 2)
  Readable.from(Array.from({ length: megabytes * 16 }, () => piece)).pipe(answer)
})
const waiting: Socket[] = []
let busy = 0

function serveNext(): void {
  const socket = busy < WORKERS ? waiting.shift() : undefined
  if (socket === undefined) return
  busy += 1
  socket.on('error', () => {})
  socket.on('close', () => {
    busy -= 1
    serveNext()
  })
  http.emit('connection', socket)
}

listenOn({ pauseOnConnect: false }, socket => {
  waiting.push(socket)
  serveNext()
}).listen(port, '127.0.0.1')
