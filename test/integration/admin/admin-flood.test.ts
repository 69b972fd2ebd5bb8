// Silent connections don't lock the admin listener: who asks is answered, who says nothing goes.

import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askHttp } from '../../support/http-client.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const FLOOD = 600
let vigia: Vigia

beforeAll(async () => {
  vigia = await startVigia({ upstreams: [1] })
})
afterAll(() => vigia?.stop())

test('six hundred connections that say nothing: it answers all the while, says so, and lets them go after two seconds', async () => {
  const sockets = await Promise.all(Array.from({ length: FLOOD }, silentConnection))
  try {
    expect((await askHttp(vigia.adminPort, '/healthz')).status).toBe(200)
    expect(await vigia.status()).toMatchObject({ state: 'ready' })
    await until('it says that it turns some away', async () =>
      vigia.stderr().includes('admin listener: too many connections'),
    )
    expect(await vigia.metrics()).toMatch(/^vigia_admin_connections_turned_away_total [1-9]\d*$/m)
    await until('all of them are closed', async () => sockets.every(({ readyState }) => readyState === 'closed'))
  } finally {
    for (const each of sockets) each.destroy()
  }
})

test('who follows the events is not pushed out', async () => {
  const stream = await fetch(`http://127.0.0.1:${vigia.adminPort}/events`)
  const reader = stream.body!.getReader()
  await reader.read()
  const sockets = await Promise.all(Array.from({ length: FLOOD }, silentConnection))
  for (const each of sockets) each.destroy()
  expect((await fetch(`http://127.0.0.1:${vigia.adminPort}/pools/erp/drain`, DRAIN)).status).toBe(200)
  let text = ''
  while (!text.includes('patching')) {
    const { value, done } = await reader.read()
    expect(done, text).toBe(false)
    text += new TextDecoder().decode(value)
  }
  await reader.cancel()
})

const DRAIN = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ reason: 'patching', force: true }),
}

function silentConnection(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(vigia.adminPort, '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
    socket.resume()
  })
}
