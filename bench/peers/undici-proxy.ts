// Peer: the proxy that a careful Node developer writes by hand: node:http in front, an undici pool behind, streamed with backpressure
// both ways, hop-by-hop fields dropped, X-Forwarded-* set. argv: port, upstream port.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'

const [port, upstreamPort] = process.argv.slice(2).map(Number)
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: 256, pipelining: 1 })
const hopByHop = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'te', 'trailer', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authorization', 'expect'],
])

createServer((request, response) => {
  const { method = 'GET', url: path = '/', rawHeaders, headers } = request
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  pool.dispatch(
    {
      method: method as Dispatcher.HttpMethod,
      path,
      headers: forwardedHeaders(rawHeaders, request),
      body: hasBody ? request : null,
    },
    new Relay(response),
  )
}).listen(port, '127.0.0.1')

/** Carries one upstream response to the client. */
class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  #controller: Dispatcher.DispatchController | undefined

  constructor(response: ServerResponse) {
    this.#response = response
    response.on('drain', () => this.#controller?.resume())
    response.on('close', () => {
      if (!response.writableFinished) this.#controller?.abort(new Error('the client went away'))
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // The client may have left while the request waited for a connection.
    if (this.#response.destroyed) controller.abort(new Error('the client went away'))
    this.#controller = controller
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const raw = (controller.rawHeaders as Buffer[]).map(part => part.toString('latin1'))
    this.#response.writeHead(status, endToEnd(raw))
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    this.#response.end()
  }

  onResponseError(): void {
    if (this.#response.headersSent) this.#response.destroy()
    else this.#response.writeHead(502).end()
  }
}

function forwardedHeaders(raw: readonly string[], { socket, headers }: IncomingMessage): string[] {
  const kept = endToEnd(raw)
  kept.push('x-forwarded-for', socket.remoteAddress ?? '', 'x-forwarded-proto', 'http')
  kept.push('x-forwarded-host', headers.host ?? '')
  return kept
}

/** Name, value, name, value ... without the fields that belong to one connection. */
function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = [raw[i], raw[i + 1]]
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, value)
  }
  return kept
}
