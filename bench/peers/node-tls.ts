// Peer: node:tls alone, for handshakes: what a connection costs that Node secures, and nothing else. It proxies nothing, but copies what
// comes to the upstream and back, so that it can be checked. argv: port, upstream port (0 = it answers itself), certificate, key.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createServer } from 'node:tls'

const [port, upstreamPort, cert, key] = process.argv.slice(2)
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'

createServer({ cert: readFileSync(cert!), key: readFileSync(key!) }, socket => {
  socket.on('error', () => {})
  if (upstreamPort === '0') return void socket.on('data', () => socket.write(ANSWER))
  socket.once('data', first => {
    const upstream = connect(Number(upstreamPort), '127.0.0.1')
    upstream.on('error', () => socket.destroy())
    upstream.write(first)
    socket.pipe(upstream).pipe(socket)
  })
}).listen(Number(port), '127.0.0.1')
