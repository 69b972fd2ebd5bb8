// The first message of a real TLS client, as bytes.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { type ConnectionOptions, connect as secure } from 'node:tls'

/** What node:tls sends first. */
export async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const transport = connect(typeof address === 'object' ? address!.port : 0, '127.0.0.1')
  secure({ ...options, socket: transport }).on('error', () => {})
  const [socket] = await once(server, 'connection')
  const [bytes] = await once(socket, 'data')
  socket.destroy()
  transport.destroy()
  server.close()
  return bytes
}
