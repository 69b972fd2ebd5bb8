// Stored answers and real clients: HTTP/2, one that reads slowly, a compressing route.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { askHttp } from '../../support/http-client.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

const LARGE = Buffer.alloc(6_000_000, 'a bundle of an ERP, ')
const TEXT = 'a line of a script;\n'.repeat(2000)
const SHA = createHash('sha256').update(LARGE).digest('hex')
const run = promisify(execFile)

let vigia: Vigia
let server: Server
let asked = 0
let port = 0

beforeAll(async () => {
  server = createServer((request, response) => {
    asked += 1
    const body = request.url!.startsWith('/coded') ? Buffer.from(TEXT) : LARGE
    response.writeHead(200, {
      'Cache-Control': 'max-age=3600',
      'Content-Type': 'text/javascript',
      'Content-Length': body.length,
      ETag: '"a"',
    })
    response.end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = await freePort()
  vigia = await lendVigia({
    upstreams: [(server.address() as AddressInfo).port],
    config: {
      workers: 2,
      listeners: [{ name: 'web', address: `127.0.0.1:${port}`, http2: true }],
      routes: [
        { match: { path: '/coded' }, pool: 'erp', cache: {}, compress: true },
        { pool: 'erp', cache: {} },
      ],
    },
  })
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await vigia.stop()
})

test('over HTTP/2 all of it comes from what is stored, and parts and heads of it', async () => {
  const curl = async (...args: string[]) => {
    const url = `http://127.0.0.1:${port}/h2.js`
    const { stdout } = await run('curl', ['-s', '--http2-prior-knowledge', ...args, url], {
      encoding: 'buffer',
      maxBuffer: 1e8,
    })
    return stdout
  }
  for (let i = 0; i < 4; i += 1)
    expect(
      createHash('sha256')
        .update(await curl())
        .digest('hex'),
    ).toBe(SHA)
  expect((await curl('-r', '0-7')).toString()).toBe('a bundle')
  expect((await curl('-I')).toString()).toMatch(/HTTP\/2 200[\s\S]*content-length: 6000000/)
  expect((await curl('-o', '/dev/null', '-H', 'If-None-Match: "a"', '-w', '%{http_code}')).toString()).toBe('304')
  expect(asked).toBe(1)
})

test('a client that reads slowly gets all of it, though it was purged meanwhile', async () => {
  await askHttp(port, '/slow.js')
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /slow.js HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
  const parts: Buffer[] = []
  await new Promise<void>(resolve => {
    socket.once('data', chunk => {
      socket.pause()
      parts.push(chunk as Buffer)
      resolve()
    })
  })
  const purge = await fetch(`http://127.0.0.1:${vigia.adminPort}/cache/purge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ all: true, by: 'test' }),
  })
  expect(purge.status).toBe(200)
  // What takes its place would show in it.
  for (let i = 0; i < 8; i += 1) await askHttp(port, `/other-${i}.js`)
  socket.on('data', chunk => parts.push(chunk as Buffer))
  socket.resume()
  await new Promise(resolve => socket.once('end', resolve))
  socket.destroy()
  const all = Buffer.concat(parts)
  const body = all.subarray(all.indexOf('\r\n\r\n') + 4)
  expect(body.length).toBe(LARGE.length)
  expect(createHash('sha256').update(body).digest('hex')).toBe(SHA)
})

test('what is stored is what the upstream said, and each client gets it in the coding that it takes', async () => {
  const before = asked
  const plain = await askHttp(port, '/coded/a.js', { headers: { 'Accept-Encoding': 'identity' } })
  expect(plain.body).toBe(TEXT)
  await until('it is stored', async () => (await askHttp(port, '/coded/a.js')).headers['cache-status']?.includes('hit'))
  for (const coding of ['gzip', 'br', 'zstd']) {
    const coded = await askHttp(port, '/coded/a.js', { headers: { 'Accept-Encoding': coding } })
    const again = await askHttp(port, '/coded/a.js', { headers: { 'Accept-Encoding': coding } })
    for (const { status, headers, bodyBytes } of [coded, again]) {
      expect({ status, coding: headers['content-encoding'] }).toEqual({ status: 200, coding })
      expect(headers.vary).toMatch(/accept-encoding/i)
      expect(bodyBytes).toBeLessThan(TEXT.length / 4)
    }
  }
  expect(asked).toBe(before + 1)
})
