import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { type Assessment, Prober } from '../../../../src/control/upstreams/prober.ts'
import type { ProbeResult } from '../../../../src/control/upstreams/probes/probe.ts'
import type { HealthPlan } from '../../../../src/plan/health.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { STUCK_MS } from '../../../support/until.ts'
import { TCP_HEALTH, upstreamPlan } from '../fixtures/snapshot.ts'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

const HEALTHY: Assessment = { state: { status: 'healthy', streak: 5 }, downForMs: 0 }

async function listening(): Promise<{ server: Server; port: number; connections: () => number }> {
  let count = 0
  const server = createServer(socket => {
    count += 1
    socket.on('error', () => {}).resume()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => server.close())
  return { server, port: (server.address() as AddressInfo).port, connections: () => count }
}

function proberWith(assessment: Assessment) {
  const results: [number, ProbeResult][] = []
  const prober = new Prober({
    table: new UpstreamTable(),
    onResult: (slot, result) => {
      results.push([slot, result])
      return assessment
    },
    random: () => 0.5,
  })
  cleanUps.push(() => prober.close())
  return { prober, results }
}

const never = { ...(TCP_HEALTH as HealthPlan & { kind: 'tcp' }), intervalMs: 3_600_000, unsureIntervalMs: 60_000 }

test('all upstreams are probed at once, in parallel', async () => {
  const { port } = await listening()
  const { prober, results } = proberWith(HEALTHY)
  prober.apply(
    Array.from({ length: 20 }, (_, slot) => ({ slot, upstream: upstreamPlan(`n${slot}`, port), health: never })),
  )
  await vi.waitFor(() => expect(results).toHaveLength(20), { timeout: STUCK_MS, interval: 5 })
  expect(results.every(([, result]) => result.ok)).toBe(true)
})

test('a probe follows each interval, and applying the same jobs again disturbs nothing', async () => {
  const { port } = await listening()
  const { prober, results } = proberWith(HEALTHY)
  const jobs = [{ slot: 1, upstream: upstreamPlan('n', port), health: { ...TCP_HEALTH, intervalMs: 20 } }]
  prober.apply(jobs)
  prober.apply(structuredClone(jobs))
  await vi.waitFor(() => expect(results.length).toBeGreaterThanOrEqual(4), { timeout: STUCK_MS, interval: 5 })
})

test('a failure seen by traffic brings a probe at once, then the faster interval for a while', async () => {
  const { port } = await listening()
  const { prober, results } = proberWith(HEALTHY)
  prober.apply([{ slot: 1, upstream: upstreamPlan('n', port), health: { ...never, unsureIntervalMs: 15, fall: 3 } }])
  await vi.waitFor(() => expect(results).toHaveLength(1), { timeout: STUCK_MS, interval: 5 })
  prober.probeNow(1)
  await vi.waitFor(() => expect(results.length).toBeGreaterThanOrEqual(4), { timeout: STUCK_MS, interval: 5 })
})

test('a thousand failures at once cost one probe per fast interval, not a thousand', async () => {
  const { port, connections } = await listening()
  const { prober, results } = proberWith(HEALTHY)
  prober.apply([{ slot: 1, upstream: upstreamPlan('n', port), health: never }])
  await vi.waitFor(() => expect(results).toHaveLength(1), { timeout: STUCK_MS, interval: 5 })
  for (let i = 0; i < 1000; i += 1) prober.probeNow(1)
  prober.probeNow(99)
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(connections()).toBe(1)
})

test('an upstream that left is probed no more, also when its probe was under way', async () => {
  const { prober, results } = proberWith(HEALTHY)
  // TEST-NET would leave this machine; a listener that never accepts keeps a TLS handshake waiting instead.
  const { port } = await listening()
  const tls = { serverName: 'erp', verify: false, ca: undefined }
  prober.apply([{ slot: 1, upstream: upstreamPlan('n', port, { tls }), health: never }])
  prober.apply([])
  await new Promise(resolve => setTimeout(resolve, 50))
  expect(results).toEqual([])
})

test('upstreams without health checks are never probed', async () => {
  const { port, connections } = await listening()
  const { prober } = proberWith(HEALTHY)
  prober.apply([{ slot: 1, upstream: upstreamPlan('n', port), health: { kind: 'none' } }])
  prober.probeNow(1)
  await new Promise(resolve => setTimeout(resolve, 30))
  expect(connections()).toBe(0)
})
