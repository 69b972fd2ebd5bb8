// Peer: node-http-proxy as its users run it in production, with a keep-alive agent and X-Forwarded-*. argv: port, upstream port.
import { Agent, createServer, type IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'

/** The part of http-proxy's interface that is used here; the package carries no types. */
interface HttpProxy {
  createProxyServer(options: { target: string; agent: Agent; xfwd: boolean }): {
    web(request: IncomingMessage, response: ServerResponse): void
    ws(request: IncomingMessage, socket: Duplex, early: Buffer): void
    on(
      event: 'error',
      listener: (error: Error, request: IncomingMessage, response: ServerResponse | Duplex) => void,
    ): void
  }
}

const [port, upstreamPort] = process.argv.slice(2).map(Number)
const httpProxy: HttpProxy = createRequire(import.meta.url)('http-proxy')
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent, xfwd: true })
proxy.on('error', (_error, _request, response) => {
  if (response instanceof ServerResponse && !response.headersSent) response.writeHead(502).end()
  else response.destroy()
})
const server = createServer((request, response) => proxy.web(request, response))
server.on('upgrade', (request, socket, early) => proxy.ws(request, socket, early))
server.listen(port, '127.0.0.1')
