// Peer: node-http-proxy as its users run it in production, with a keep-alive agent and X-Forwarded-*. argv: port, upstream port.
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'

/** The part of http-proxy's interface that is used here; the package carries no types. */
interface HttpProxy {
  createProxyServer(options: { target: string; agent: Agent; xfwd: boolean }): {
    web(request: IncomingMessage, response: ServerResponse): void
    on(event: 'error', listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void): void
  }
}

const [port, upstreamPort] = process.argv.slice(2).map(Number)
const httpProxy: HttpProxy = createRequire(import.meta.url)('http-proxy')
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 })
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent, xfwd: true })
proxy.on('error', (_error, _request, response) => {
  if (response.headersSent) response.destroy()
  else response.writeHead(502).end()
})
createServer((request, response) => proxy.web(request, response)).listen(port, '127.0.0.1')
