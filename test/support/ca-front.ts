// Stands between vigia and pebble, and says what pebble never would: that it is too much, how long to wait, when to renew, that something
// stays pending.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeCertificate } from './certificates.ts'
import type { Pebble } from './pebble.ts'

export interface CaAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

export interface CaFront {
  /** URL of the directory, through it. */
  readonly directory: string
  /** PEM of the authority of its own server. */
  readonly ca: string
  /** `POST /order-plz`, in order. */
  readonly asked: string[]
  /** In the place of pebble's answer; undefined = pebble answers. A test writes it. */
  answer: (path: string, headers: IncomingMessage['headers']) => CaAnswer | undefined
  /** What becomes of a body of pebble's. A test writes it. */
  rewrite: (path: string, body: string) => string
  close(): void
}

export async function startCaFront(pebble: Pebble): Promise<CaFront> {
  const own = await makeCertificate({ names: ['127.0.0.1'] })
  const server = createServer({ cert: own.cert, key: own.key })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const front: CaFront = {
    directory: `https://127.0.0.1:${(server.address() as AddressInfo).port}/dir`,
    ca: own.cert,
    asked: [],
    answer: () => undefined,
    rewrite: (_, body) => body,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  server.on('request', (incoming, outgoing) => {
    const path = incoming.url ?? ''
    front.asked.push(`${incoming.method} ${path}`)
    const answer = front.answer(path, incoming.headers)
    if (answer === undefined) return pass(front, pebble, incoming, outgoing)
    outgoing.writeHead(answer.status, answer.headers)
    outgoing.end(answer.body)
  })
  return front
}

/** With the Host that the client said, which pebble builds its addresses of, and which requests are signed for. */
function pass(front: CaFront, pebble: Pebble, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url = '', headers } = incoming
  const { port } = new URL(pebble.directory)
  const onward = request({ host: '127.0.0.1', port, method, path: url, headers, ca: pebble.ca, agent: false })
  onward.on('response', response => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () => {
      const body = front.rewrite(url, Buffer.concat(chunks).toString())
      const { 'content-length': _, ...rest } = response.headers
      outgoing.writeHead(response.statusCode!, rest)
      outgoing.end(body)
    })
  })
  onward.on('error', () => outgoing.destroy())
  incoming.pipe(onward)
}
