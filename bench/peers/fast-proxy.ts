// Peer: fast-proxy in its undici mode, which its authors name as the faster. argv: port, upstream port.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'

/** The part of its interface that is used here: its own types don't name their types. */
type FastProxy = (options: { base: string; undici: { connections: number; pipelining: number } }) => {
  proxy(request: IncomingMessage, response: ServerResponse, source: string, options: object): void
}

const [port, upstreamPort] = process.argv.slice(2).map(Number)
const fastProxy: FastProxy = createRequire(import.meta.url)('fast-proxy')
const { proxy } = fastProxy({
  base: `http://127.0.0.1:${upstreamPort}`,
  undici: { connections: 256, pipelining: 1 },
})
createServer((request, response) => proxy(request, response, request.url ?? '/', {})).listen(port, '127.0.0.1')
