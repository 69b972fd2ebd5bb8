// One worker thread with a compiled configuration and no control plane: for what control says to workers, message by message.
// Every upstream is available. Its counters are read from the shared memory.

import { tmpdir } from 'node:os'
import { Worker } from 'node:worker_threads'
import { stringify } from 'yaml'
import { formatProblem } from '../../src/config/forms/problem.ts'
import { loadBytes } from '../../src/config/read/load.ts'
import { SpoolPost } from '../../src/control/workers/spool-post.ts'
import { createLogger } from '../../src/logging/logger.ts'
import type { Snapshot } from '../../src/plan/snapshot.ts'
import { bufferLimits } from '../../src/policy/process/buffer-limits.ts'
import { BufferAccounts } from '../../src/shared/buffer-accounts.ts'
import { allocateCache } from '../../src/shared/cache/layout.ts'
import { allocateClientConnections } from '../../src/shared/client-connections.ts'
import { allocateCounters, CounterTable } from '../../src/shared/counters.ts'
import { Heartbeats } from '../../src/shared/heartbeats.ts'
import type { FromWorker, Slots, ToWorker, WorkerStart } from '../../src/shared/messages.ts'
import { allocatePermits } from '../../src/shared/permits.ts'
import { allocateRates } from '../../src/shared/rate-table.ts'
import { SessionTable } from '../../src/shared/sessions.ts'
import { AVAILABILITY, UpstreamTable } from '../../src/shared/upstream-table.ts'
import { WORKER_URL } from './bundles.ts'
import { freePort } from './free-port.ts'
import { STUCK_MS, within } from './until.ts'

const SPOOL_URL = new URL('../../src/proxy/spool/spool-thread.ts', import.meta.url)

export interface DataPlane {
  readonly port: number
  readonly worker: Worker
  /** The configuration that it was started with. */
  readonly snapshot: Snapshot
  readonly counters: CounterTable
  /** Slot of the configuration's first pool. */
  readonly poolSlot: number
  /** What buffers hold. */
  readonly buffered: BufferAccounts
  /** Starts when the worker asks for it. */
  readonly spool: SpoolPost
  /** Log lines that the worker wanted written. */
  readonly said: readonly string[]
  /** Sends a message; resolves once the worker has acted upon it, and upon a reload of its configuration after it. */
  tell(message: ToWorker): Promise<void>
  /** Another configuration, with as many pools and routes, whose upstreams are others: those of before are disabled. */
  reload(config: Record<string, unknown>): Promise<void>
  stop(): Promise<void>
}

/** @param config the document but its listener @param listener more of that */
export async function startDataPlane(
  config: Record<string, unknown>,
  more: Partial<WorkerStart> = {},
  listener: Record<string, unknown> = {},
): Promise<DataPlane> {
  const port = await freePort()
  const compiled = (document: Record<string, unknown>) =>
    snapshotOf({ listeners: [{ name: 'web', address: `127.0.0.1:${port}`, ...listener }], ...document })
  let snapshot = compiled(config)
  let slot = 0
  const next = () => {
    slot += 1
    return slot
  }
  let slots: Slots = {
    pools: snapshot.pools.map(next),
    upstreams: snapshot.pools.map(({ upstreams }) => upstreams.map(next)),
    routes: snapshot.routes.map((_, index) => index + 1),
  }
  const table = new UpstreamTable()
  const enable = () => {
    for (const [p, { upstreams }] of snapshot.pools.entries()) {
      for (const [u, { maxConnections }] of upstreams.entries()) {
        const each = slots.upstreams[p]![u]!
        // What control finds for a name: here each means this machine.
        table.addresses.set(each, ['127.0.0.1'])
        table.set(each, AVAILABILITY.available, 100, maxConnections)
      }
    }
  }
  enable()
  const counters = allocateCounters(1)
  const buffered = new BufferAccounts()
  const spool = new SpoolPost({ spoolUrl: SPOOL_URL, logger: createLogger({ level: 'silent' }) })
  const start: WorkerStart = {
    worker: 0,
    workers: 1,
    instance: '0123456789abcdef',
    upstreamTable: table.buffer,
    counters,
    permits: allocatePermits(1),
    sessions: new SessionTable().buffer,
    rates: allocateRates(),
    clients: allocateClientConnections(1),
    cache: allocateCache(snapshot.cache.bytes),
    buffers: {
      accounts: buffered.buffer,
      limits: bufferLimits(snapshot.buffers, 1024 ** 3, undefined, tmpdir()),
    },
    beats: new Heartbeats().buffer,
    snapshot,
    slots,
    ...more,
  }
  const worker = new Worker(WORKER_URL, { workerData: start })
  const said: string[] = []
  let ready: (revision: number) => void = () => {}
  let failed: (error: unknown) => void = () => {}
  worker.on('error', error => failed(error))
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'spool-wanted') {
      const port = spool.connect()
      worker.postMessage({ type: 'spool', port } satisfies ToWorker, [port])
    }
    if (message.type === 'ready') ready(message.revision)
    if (message.type === 'log' || message.type === 'failed') said.push(JSON.stringify(message))
  })
  let revision = snapshot.revision
  const acknowledged = () =>
    within(
      STUCK_MS,
      () => `the worker does not acknowledge revision ${revision}: ${said.join('\n')}`,
      new Promise<void>((resolve, reject) => {
        failed = reject
        ready = seen => {
          if (seen === revision) resolve()
        }
      }),
    )
  await acknowledged()
  return {
    port,
    worker,
    snapshot,
    counters: new CounterTable(counters, 1),
    buffered,
    spool,
    poolSlot: slots.pools[0]!,
    said,
    async tell(message) {
      worker.postMessage(message)
      revision += 1
      worker.postMessage({ type: 'snapshot', snapshot: { ...snapshot, revision }, slots } satisfies ToWorker)
      await acknowledged()
    },
    async reload(document) {
      for (const each of slots.upstreams.flat()) table.set(each, AVAILABILITY.disabled, 100)
      snapshot = compiled(document)
      slots = { ...slots, upstreams: snapshot.pools.map(({ upstreams }) => upstreams.map(next)) }
      enable()
      revision += 1
      worker.postMessage({ type: 'snapshot', snapshot: { ...snapshot, revision }, slots } satisfies ToWorker)
      await acknowledged()
    },
    async stop() {
      await worker.terminate()
      await spool.close()
    },
  }
}

function snapshotOf(document: Record<string, unknown>): Snapshot {
  const loaded = loadBytes(new TextEncoder().encode(stringify(document)), 'test.yaml', {}, 1)
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return loaded.snapshot
}
