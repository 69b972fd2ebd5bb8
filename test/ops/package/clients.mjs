// clients.mjs PORT FILE: connects and asks again and again, four at a time, until FILE is there; prints what came of it as JSON. A
// request whose connection broke counts apart from one that was refused.

import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

const [port, file] = process.argv.slice(2)
const seen = { served: 0, refused: 0, broken: 0, longestMs: 0 }

async function ask() {
  const begin = performance.now()
  try {
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: erp.test\r\nConnection: close\r\n\r\n')
    const answer = await text(socket)
    seen[answer.startsWith('HTTP/1.1 200') ? 'served' : 'broken'] += 1
  } catch (error) {
    seen[error.code === 'ECONNREFUSED' ? 'refused' : 'broken'] += 1
  }
  seen.longestMs = Math.max(seen.longestMs, Math.round(performance.now() - begin))
}

await Promise.all(
  Array.from({ length: 4 }, async () => {
    while (!existsSync(file)) {
      await ask()
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }),
)
console.log(JSON.stringify(seen))
