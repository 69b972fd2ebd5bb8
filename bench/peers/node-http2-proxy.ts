// Peer: node:http2 in front of keep-alive requests, streamed both ways, hop-by-hop fields dropped. argv: port, upstream port.
import { Agent, request } from 'node:http'
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'

const [port, upstreamPort] = process.argv.slice(2).map(Number)
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade']

createServer()
  .on('stream', (stream, headers) => forward(stream as ServerHttp2Stream, headers))
  .on('sessionError', () => {})
  .listen(port, '127.0.0.1')

function forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const { ':method': method, ':path': path, ':authority': host } = headers
  const fields: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) if (!name.startsWith(':')) fields[name] = value
  const address = stream.session?.socket.remoteAddress
  Object.assign(fields, { host, 'x-forwarded-for': address, 'x-forwarded-proto': 'http', 'x-forwarded-host': host })
  const upstream = request({ host: '127.0.0.1', port: upstreamPort, method, path, headers: fields, agent }, answer => {
    if (stream.destroyed) return answer.destroy()
    const kept: OutgoingHttpHeaders = { ':status': answer.statusCode }
    for (const [name, value] of Object.entries(answer.headers)) if (!hopByHop.includes(name)) kept[name] = value
    stream.respond(kept)
    answer.pipe(stream)
  })
  upstream.on('error', () => stream.close())
  stream.on('error', () => upstream.destroy())
  if (method === 'GET') upstream.end()
  else stream.pipe(upstream)
}
