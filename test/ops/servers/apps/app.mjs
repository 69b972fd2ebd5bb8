// The rig's application for Node.js. What it has to do is said in ../../README.md.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://a')
  const send = (status, body) =>
    setTimeout(
      () => {
        response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': body.length })
        response.end(body)
      },
      Number(searchParams.get('ms') ?? 0),
    )
  if (pathname === '/refuse') send(403, 'refused')
  else if (pathname === '/large') send(200, 'large '.repeat(5000))
  else if (pathname === '/order') {
    let length = 0
    request.on('data', chunk => {
      length += chunk.length
    })
    request.on('end', () => {
      appendFileSync(process.env.RIG_JOURNAL, `${request.headers['x-id']}\n`)
      send(200, `order ${length}`)
    })
  } else send(200, 'hello')
}).listen(Number(process.argv[2]), '127.0.0.1')
