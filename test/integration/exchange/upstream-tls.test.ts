// An https upstream that is named by its address: probes and traffic agree on it, and what fails takes nothing with it.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { until } from '../../support/until.ts'
import { fetchText, type Vigia } from '../../support/vigia.ts'

const tlsFile = (name: string) => fileURLToPath(new URL(`../../unit/control/fixtures/tls/${name}`, import.meta.url))

let server: Server | undefined
let vigia: Vigia | undefined
afterEach(async () => {
  await vigia?.stop()
  server?.closeAllConnections()
  server?.close()
})

/** Two pools of the same node, which takes one request at a time: `/probed` asks it for its health, the other goes ahead. */
async function startWith(certificate: string, caFile: string): Promise<Vigia> {
  const pair = { key: readFileSync(tlsFile(`${certificate}.key`)), cert: readFileSync(tlsFile(`${certificate}.crt`)) }
  server = createServer(pair, (_request, response) => response.end('secure'))
  await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const upstreams = [{ name: 'erp-1', url, maxConnections: 1, tls: { caFile: tlsFile(caFile) } }]
  const health = { path: '/', interval: '1s', timeout: '1s', unsureInterval: '20ms' }
  vigia = await lendVigia({
    config: {
      routes: [
        { match: { path: '/probed' }, pool: 'probed' },
        { match: { path: '/' }, pool: 'blind' },
      ],
      pools: { probed: { upstreams, health }, blind: { upstreams, health: 'off' } },
    },
  })
  return vigia
}
const stateOf = async (name: string) => {
  const pool = (await vigia!.status()).pools.find(each => each.name === name)!
  const { state, inFlight } = pool.upstreams[0]!
  return { state, inFlight }
}

test('a certificate for the address: probes are green, and every request is served', async () => {
  const { port } = await startWith('node', 'ca.crt')
  await until('probes are green', async () => (await stateOf('probed')).state === 'available')
  for (const path of ['/probed', '/', '/probed', '/'])
    expect(await fetchText(port, path)).toEqual({ status: 200, body: 'secure' })
  await until('nothing is in flight', async () => (await stateOf('probed')).inFlight === 0)
})

test('no certificate for the address: probes are red, requests are answered 502, and hold no permit afterwards', async () => {
  const { port } = await startWith('names-only', 'names-only.crt')
  await until('probes are red', async () => (await stateOf('probed')).state === 'out')
  // With one permit a leaked one would make the second wait, then 503.
  for (let i = 0; i < 4; i += 1) {
    const { status, body } = await fetchText(port, '/')
    expect([status, body]).toEqual([502, expect.stringContaining('could not be reached')])
  }
  expect((await stateOf('blind')).inFlight).toBe(0)
  expect(vigia!.stderr()).not.toContain('unexpected exception')
})
