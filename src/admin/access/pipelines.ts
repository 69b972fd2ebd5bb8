// How many requests of one connection are under way at once. Nobody who asks an admin listener has a reason to pipeline (RFC 9112 9.3.2), and one
// connection with thousands of requests in it would keep control from its probes for seconds: it ends, before a route or a token is looked for.

import type { RequestListener } from 'node:http'
import type { Socket } from 'node:net'

/** A client may have seen its answer, and sent the next request, before this process learns that the answer is written. */
const MOST_UNDER_WAY = 4

export function withoutPipelines(handler: RequestListener): RequestListener {
  const underWay = new WeakMap<Socket, number>()
  return (request, response) => {
    const { socket } = request
    const count = (underWay.get(socket) ?? 0) + 1
    underWay.set(socket, count)
    if (count > MOST_UNDER_WAY) return void socket.destroy()
    response.once('close', () => underWay.set(socket, underWay.get(socket)! - 1))
    handler(request, response)
  }
}
