// Peer: @fastify/http-proxy on a fastify without a logger, with its undici pool. argv: port, upstream port.
import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'

const [port = 0, upstreamPort] = process.argv.slice(2).map(Number)
const app = fastify({ logger: false })
await app.register(httpProxy, {
  upstream: `http://127.0.0.1:${upstreamPort}`,
  undici: { connections: 256, pipelining: 1 },
})
await app.listen({ port, host: '127.0.0.1' })
