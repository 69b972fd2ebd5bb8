// The parts of the control plane, built and tied together: who knows whom, and who listens to what happens. It starts and decides
// nothing.

import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import type { ReloadOutcome } from '../admin/contract/reload.ts'
import type { LifeState } from '../admin/contract/status.ts'
import { openHeldRequests } from '../held/main/held-requests.ts'
import type { Logger } from '../logging/logger.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import { bufferLimits } from '../policy/process/buffer-limits.ts'
import type { InheritedSocket } from '../policy/process/inherited-sockets.ts'
import { idleOf } from '../shared/counters.ts'
import { AdminListener } from './admin/admin-listener.ts'
import { createAdminParts } from './admin/admin-parts.ts'
import { Acme } from './certificates/acme/acme.ts'
import { ChallengeBoard } from './certificates/acme/challenge-board.ts'
import { Certificates } from './certificates/certificates.ts'
import { ClockWatch } from './clock-watch.ts'
import { ConfigurationInUse } from './configuration/in-use.ts'
import { type ConfigurationFile, Reloader } from './configuration/reload.ts'
import { Bus } from './events/bus.ts'
import type { VigiaEvent } from './events/event.ts'
import { Feed } from './events/feed.ts'
import { feeding, logging } from './events/readers.ts'
import type { ConfigurationSource, ReloadRequest } from './events/reload-event.ts'
import { createHeld } from './held/create.ts'
import { Names } from './names/names.ts'
import { followingClock, reacting } from './reactions.ts'
import { acmeChange } from './record/acme-rows.ts'
import { createRecord } from './record/record.ts'
import { createExplanations } from './report/explanations.ts'
import { PoolOutages } from './report/pool-outages.ts'
import { ReloadTally } from './report/reload-tally.ts'
import type { Sources } from './report/sources.ts'
import { StallTally } from './report/stall-tally.ts'
import { createView } from './report/view.ts'
import { DrainWatch } from './upstreams/drain-watch.ts'
import { sentTo, totalsOf } from './upstreams/passive-health.ts'
import { Prober } from './upstreams/prober.ts'
import { RecentTraffic } from './upstreams/recent-traffic.ts'
import { Registry } from './upstreams/registry.ts'
import { MaintenanceWindows } from './windows/maintenance-windows.ts'
import { descriptorLimit } from './workers/descriptors.ts'
import { InDoubtList } from './workers/in-doubt-list.ts'
import { lostRequests } from './workers/lost-requests.ts'
import { boundsHere } from './workers/memory-watch.ts'
import { SharedMemory } from './workers/shared-memory.ts'
import { Supervisor } from './workers/supervisor.ts'

export interface ControlOptions {
  readonly snapshot: Snapshot
  /** The file that worker threads run. */
  readonly workerUrl: URL
  /** The file that the thread runs which writes the files of buffers. */
  readonly spoolUrl: URL
  readonly logger: Logger
  readonly version: string
  /** As the configuration said; the snapshot has fewer where the system lets no more listen. Undefined = as many as the snapshot has. */
  readonly wantedWorkers?: number | undefined
  /** Where `snapshot` was read from; undefined = it can't be read again. */
  readonly file?: ConfigurationFile | undefined
  /** That the process was started with; default: none. */
  readonly sockets?: readonly InheritedSocket[] | undefined
}

/** Throws CannotServe where there are more upstreams than slots. @param life how far vigia is */
export function buildParts(options: ControlOptions, life: () => LifeState) {
  const { snapshot, workerUrl, spoolUrl, logger, version, file, sockets = [] } = options
  const { workers } = snapshot
  const { wantedWorkers = workers } = options
  const bus = new Bus<VigiaEvent>()
  const { tell } = bus
  const clock = new ClockWatch({ tell })

  const instance = randomBytes(8).toString('hex')
  const descriptors = descriptorLimit()
  const { totalBytes } = boundsHere(snapshot.limits.memoryBytes, workers)
  const limits = bufferLimits(snapshot.buffers, totalBytes, descriptors, tmpdir())
  const shared = new SharedMemory(workers, snapshot.cache.bytes, limits)
  const { counters, permits } = shared
  const names = new Names({ tell, warn: text => logger.warn(text) })
  names.follow(snapshot)
  const registry = new Registry({
    table: shared.upstreams,
    totals: slot => totalsOf(counters, slot),
    sent: slot => sentTo(counters, slot),
    nameOf: host => names.of(host),
    tell,
  })
  const slots = registry.apply(snapshot)
  const windows = new MaintenanceWindows(snapshot, { registry, restores: snapshot.store !== undefined, tell })
  const inDoubt = new InDoubtList({ tell })
  const holding = createHeld({
    open: options => openHeldRequests({ ...options, onNotice: (level, text) => logger[level](`held: ${text}`) }),
    table: shared.held,
    restores: snapshot.store !== undefined,
    pools: () => registry.pools(),
    closedRoutes: () => windows.closedRoutes,
    tell,
  })
  const { held, pauses } = holding
  const prober = new Prober({
    table: shared.upstreams,
    onResult: (slot, result) => registry.probed(slot, result),
    // An upstream that serves one connection with each of its workers may have none left for the probe.
    onWaiting: slot => {
      if (idleOf(counters, slot) > 0) supervisor.tell({ type: 'close-idle', slot })
    },
  })
  const drains = new DrainWatch(counters, shared.sessions)
  const recent = new RecentTraffic(counters)
  const supervisor = new Supervisor({
    workerUrl,
    spoolUrl,
    workers,
    counters,
    logger,
    startData: worker => ({
      worker,
      workers,
      instance,
      ...shared.buffers,
      descriptors,
      snapshot: inUse.snapshot,
      slots: inUse.slots,
      closedRoutes: holding.closedRoutes(),
      tls: certificates.material,
      challenges: board.challenges,
      sockets,
    }),
    beats: shared.beats,
    memory: () => boundsHere(inUse.snapshot.limits.memoryBytes, workers),
    shutdownMs: () => inUse.snapshot.shutdownMs,
    replaceMs: () => inUse.snapshot.watchdog.workerMs,
    connectHeld: () => held.connect(),
    lostOf: row => lostRequests(row, registry.pools()),
    tell,
  })
  const board = new ChallengeBoard({
    send: challenges => supervisor.tell({ type: 'challenges', challenges }),
    isKnown: challengesVersion => supervisor.knowsChallenges(challengesVersion),
  })
  const acme: Acme = new Acme({
    version,
    board,
    keep: what => records.later(acmeChange(what)),
    changed: () => certificates.refresh(),
    tell,
  })
  const certificates = new Certificates({
    sources: [acme, acme.selfSigned],
    send: material => supervisor.tell({ type: 'tls', material }),
    sendToAdmin: all => admin.useCertificates(all),
    tell,
    warn: text => logger.warn(text),
  })
  const inUse = new ConfigurationInUse({
    snapshot,
    slots,
    names,
    certificates,
    registry,
    windows,
    holding,
    prober,
    supervisor,
    admin: { listen: at => admin.listen(at) },
    descriptors,
    wantedWorkers,
    sockets,
    counters,
    logger,
    life,
    tell,
  })
  const reloader = file && new Reloader({ file, logger, inUse, tell })
  const feed = new Feed()
  const { records, recorder, keptEvents } = createRecord({
    snapshot,
    loaded: file?.loaded,
    logger,
    counters,
    feed,
    targets: { registry, windows, inDoubt, pauses, secrets: acme },
  })
  const reloads = new ReloadTally(Date.now())
  const controlStalls = new StallTally()
  const outages = new PoolOutages({ registry, counters, tell })

  bus.listen(reacting({ supervisor, registry, prober, inDoubt, shared, holding }))
  bus.listen(logging(logger))
  bus.listen(feeding(feed))
  bus.listen(recorder)
  bus.listen(reloads.count)
  bus.listen(controlStalls.see)
  // Upstreams before windows, which look at them.
  bus.listen(followingClock([supervisor, names, registry, windows, holding, outages, certificates, acme]))
  // Last: what comes of a change is told after it.
  bus.listen(outages.see)

  const sources: Sources = {
    version,
    startedMs: () => clock.startedMs,
    file: file?.path,
    inUse,
    reloads,
    fileDiffers: () => reloader?.fileDiffers ?? null,
    life,
    descriptors,
    workers: () => supervisor.view(),
    counters,
    permits,
    certificates,
    acme,
    cache: shared.cache,
    buffers: shared,
    names,
    registry,
    drains,
    recent,
    windows,
    ...holding,
    inDoubt,
    records,
    controlStalls,
    outages,
    admin: () => ({ refusals: admin.failures, turnedAway: admin.turnedAway }),
  }
  const view = createView(sources)
  /** Undefined where there is no file. Never rejects. */
  async function reloadFile(
    source: ConfigurationSource,
    who?: Omit<ReloadRequest, 'source'>,
  ): Promise<ReloadOutcome | undefined> {
    const outcome = await reloader?.reload(source, who)
    // Whoever moves log files away sends a SIGHUP, too; a configuration that was applied has opened them again already.
    if (outcome?.result !== 'applied' && source === 'signal') supervisor.tell({ type: 'reopen-logs' })
    return outcome
  }
  const admin: AdminListener = new AdminListener(
    view,
    createAdminParts({
      registry,
      windows,
      inDoubt,
      acme,
      cache: shared.cache,
      holding,
      sources,
      records,
      tell,
      feed,
      reload: ({ source, ...who }) => reloadFile(source, who),
      reloader,
      file: file?.path,
      explanations: createExplanations({ ...sources, feed, supervisor }),
    }),
    logger,
  )
  const { sessions } = shared
  return {
    bus,
    clock,
    descriptors,
    sessions,
    names,
    registry,
    windows,
    holding,
    prober,
    drains,
    recent,
    certificates,
    acme,
    supervisor,
    inUse,
    reloader,
    reloadFile,
    records,
    keptEvents,
    view,
    admin,
  }
}

export type Parts = ReturnType<typeof buildParts>
