// A node's process stands still (SIGSTOP): its kernel goes on taking bytes until its buffers are full, and nothing comes back.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { askHttp } from '../../support/http-client.ts'
import { SOON_MS, until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const PROGRAM = fileURLToPath(new URL('../fixtures/session-node.ts', import.meta.url))
const nodes: ChildProcess[] = []
let vigia: Vigia

afterEach(async () => {
  await vigia.stop()
  for (const node of nodes.splice(0)) node.kill('SIGKILL')
})

async function startNode(name: string): Promise<number> {
  const node = fork(PROGRAM, [name], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  nodes.push(node)
  const [port] = await once(node.stdout!, 'data')
  return Number(String(port))
}

test('its tunnels, also one that is full, and what waits on it end while it stands still', async () => {
  const ports = await Promise.all(['erp-1', 'erp-2'].map(startNode))
  vigia = await startVigia({
    upstreams: ports,
    pool: {
      affinity: { cookie: 'VIGIA', keys: ['a-secret-of-at-least-thirty-two-characters'] },
      health: { path: '/', interval: '500ms', timeout: '500ms', rise: 1, fall: 2 },
      onDown: { requests: '1s', sessions: '2s' },
    },
    config: { shutdown: '100ms', timeouts: { response: '10m', tunnel: '10h', idle: '10m' } },
  })
  const cookie = await until('a session on erp-1', async () => {
    const { headers, body } = await askHttp(vigia.port, '/')
    return body === 'erp-1' ? String(headers['set-cookie']).split(';', 1)[0] : undefined
  })
  const sockets = [1, 2].map(() => new WebSocket(`ws://127.0.0.1:${vigia.port}/ws`, { headers: { cookie } }))
  await Promise.all(sockets.map(socket => once(socket, 'open')))
  const ask = (method: string) => askHttp(vigia.port, '/wait', { method, headers: { cookie } })
  const upload = ask('POST')
  const erp1 = async () => (await vigia.status()).pools[0]!.upstreams[0]!
  await until('it waits', async () => (await erp1()).inFlight === 1)
  nodes[0]!.kill('SIGSTOP')
  const closed = sockets.map(socket => once(socket, 'close'))
  const full = sockets[0]!
  for (let sent = 0; sent < 60 && full.bufferedAmount < 4_000_000; sent += 1) full.send(Buffer.alloc(1_000_000))
  expect((await upload).status).toBe(502)
  for (const [code] of await Promise.all(closed)) expect(code).toBe(1012)
  await until('nothing is left there', async () => (await erp1()).tunnels + (await erp1()).connections === 0, {
    timeoutMs: SOON_MS,
  })
})
