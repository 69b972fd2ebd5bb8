// The places of an admin listener with TLS: a handshake that never comes holds none for long, and what is decrypted is bounded as well.

import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ControlView } from '../../../../src/admin/contract/status.ts'
import { buildAdmin } from '../../../../src/admin/server.ts'
import { makeCertificate } from '../../../support/certificates.ts'
import { until } from '../../../support/until.ts'

/** More than there are places. */
const FLOOD = 300
const { cert, key } = await makeCertificate({ names: ['localhost'] })
let turnedAway = 0
const app = buildAdmin({} as ControlView, () => {}, {
  boundTo: '127.0.0.1',
  tls: { cert, key, handshakeTimeout: 60_000 },
  onFull: () => {
    turnedAway += 1
  },
})
let port: number

beforeAll(async () => {
  await app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.server.address() as { port: number }).port
})
afterAll(() => app.close())

const open = () =>
  new Promise<TLSSocket>((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' }, () => resolve(socket))
    socket.on('error', reject)
  })
const REQUEST = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'

test('who says nothing makes room for who does', async () => {
  const silent = await Promise.all(
    Array.from(
      { length: FLOOD },
      () =>
        new Promise<Socket>(resolve => {
          const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', () => {})
        }),
    ),
  )
  try {
    await until('some are turned away', () => turnedAway > 0)
    const socket = await open()
    let text = ''
    socket.on('data', bytes => {
      text += bytes
    })
    socket.write(REQUEST)
    await until('it is answered', () => text.startsWith('HTTP/1.1 200'))
    socket.destroy()
  } finally {
    for (const each of silent) each.destroy()
  }
})

test('who pipelines requests is cut off before they are parsed', async () => {
  const socket = await open()
  socket.on('error', () => {})
  let text = ''
  socket.on('data', bytes => {
    text += bytes
  })
  socket.write(REQUEST.repeat(200))
  await until('it is cut off', () => socket.destroyed)
  expect(text.split('HTTP/1.1 ').length - 1).toBeLessThanOrEqual(32)
})
