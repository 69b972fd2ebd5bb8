import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createLogger } from '../../../src/logging/logger.ts'
import type { Snapshot } from '../../../src/plan/snapshot.ts'
import { freePort } from '../../support/free-port.ts'
import { type RunningVigia, type StartOptions, startInside } from '../../support/inside.ts'
import { until } from '../../support/until.ts'
import { fetchText } from '../../support/vigia.ts'
import { poolPlan, servedAt, snapshotOf, upstreamPlan } from '../../unit/control/fixtures/snapshot.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function start(
  workers: number,
  options: StartOptions = {},
): Promise<{
  vigia: RunningVigia
  port: number
  held: ServerResponse[]
  kill: (worker: number) => void
  snapshot: Snapshot
}> {
  const held: ServerResponse[] = []
  const node = createServer((request, response) => {
    if (request.url === '/held') held.push(response)
    else response.end('served')
  })
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    node.closeAllConnections()
    node.close()
  })
  const port = await freePort()
  const snapshot = snapshotOf({
    workers,
    ...servedAt(port),
    pools: [
      poolPlan('erp', [upstreamPlan('erp-1', (node.address() as AddressInfo).port)], { health: { kind: 'none' } }),
    ],
    shutdownMs: 100,
  })
  const vigia = await startInside(snapshot, {
    workerUrl: new URL('../fixtures/mortal-worker.ts', import.meta.url),
    logger: createLogger({ level: 'silent' }),
    ...options,
  })
  cleanUps.push(() => vigia.close())
  const deaths = new BroadcastChannel('vigia-test-deaths')
  cleanUps.push(() => deaths.close())
  return { vigia, port, held, kill: worker => deaths.postMessage(worker), snapshot }
}

test('a worker that dies is replaced within a second, its in-flight counts vanish, and the other serves on', async () => {
  const beginning = performance.now()
  const { vigia, port, held, kill } = await start(2)
  const startMs = performance.now() - beginning
  const upstream = () => vigia.status().pools[0]!.upstreams[0]!
  const outcomes: Promise<string>[] = []
  const hold = () =>
    outcomes.push(
      fetchText(port, '/held').then(
        ({ body }) => body,
        () => 'cut',
      ),
    )
  // Connections are spread over the workers by the kernel: enough of them, and each worker has some.
  for (let i = 0; i < 40; i += 1) hold()
  await until('40 requests are in flight', () => held.length === 40 && upstream().inFlight === 40)

  const started = performance.now()
  kill(0)
  await until(
    'worker 0 was replaced',
    () => vigia.status().workers[0]!.restarts === 1 && vigia.status().workers[0]!.state === 'ready',
  )
  // A start, as this machine is now, is what a second is good for on one that has nothing else to do.
  expect(performance.now() - started).toBeLessThan(Math.max(1000, 5 * startMs))
  const left = upstream().inFlight
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThan(40)
  expect(vigia.status().workers[1]).toMatchObject({ state: 'ready', restarts: 0 })
  for (const response of held) response.end('to the end')
  const ends = await Promise.all(outcomes)
  expect(ends.filter(end => end === 'to the end')).toHaveLength(left)
  for (let i = 0; i < 10; i += 1) expect((await fetchText(port, '/')).body).toBe('served')
  await until('nothing is in flight', () => upstream().inFlight === 0)
})

test('totals outlive the worker that counted them', async () => {
  const { vigia, port, kill } = await start(1)
  const served = () => vigia.status().pools[0]!.upstreams[0]!.responses['2xx']
  for (let i = 0; i < 5; i += 1) await fetchText(port, '/')
  await until('five are counted', () => served() === 5)
  kill(0)
  await until(
    'the worker was replaced',
    () => vigia.status().workers[0]!.restarts === 1 && vigia.status().workers[0]!.state === 'ready',
  )
  expect(served()).toBe(5)
  await fetchText(port, '/')
  await until('the sixth is counted', () => served() === 6)
})

test('where sockets cannot share a port one worker serves, which is said, and said no more at a reload', async () => {
  const said: string[] = []
  const logger = createLogger({ level: 'silent' })
  Object.assign(logger, { warn: (text: string) => said.push(text) })
  const tryShared = async () => Object.assign(new Error('not supported'), { code: 'ENOTSUP' })
  const { vigia, port, snapshot } = await start(2, { logger, tryShared })
  expect(vigia.status().workers).toHaveLength(1)
  expect((await fetchText(port, '/')).body).toBe('served')
  await vigia.reload({ ...snapshot, shutdownMs: 200 })
  expect(vigia.status().workers.map(({ state }) => state)).toEqual(['ready'])
  expect(said).toEqual([expect.stringMatching(/^workers is 1 instead of 2: .*share a port/)])
})
