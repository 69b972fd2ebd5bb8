// What every benchmark command needs around it: a folder, the upstreams running and answering, the benchmark's own process off the
// proxy's core; all of it gone when the command ends, however it ends.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keepAlive, type Scenario } from '../scenarios/scenario.ts'
import { startStaticUpstream, startStreamingUpstream } from '../upstream/start.ts'
import { untilRight } from './check.ts'
import { loadCores, upstreamCores } from './cores.ts'
import type { Upstreams } from './entrants.ts'
import { freePorts, pinSelf, type Running, stopAll } from './process.ts'

export interface Rig {
  readonly folder: string
  readonly upstreams: Upstreams
  /** What serves the static scenarios. */
  readonly upstreamName: string
  stop(): Promise<void>
}

const startDeadlineMs = 5000

/** Throws where an upstream does not answer its scenarios. */
export async function startRig(wanted: 'auto' | 'nginx' | 'node', scenarios: readonly Scenario[]): Promise<Rig> {
  if (process.platform !== 'linux') throw new Error('the benchmark reads CPU times from /proc: it runs on Linux only')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  process.once('exit', stopAll)
  const folder = mkdtempSync(join(tmpdir(), 'vigia-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755) // nginx started by root reads its files as another user
  pinSelf(loadCores)

  const most = Math.max(1, ...scenarios.flatMap(({ cases }) => cases.map(({ setup }) => setup.upstreams)))
  const [dead = 0, streaming = 0, ...ports] = await freePorts(most + 2)
  const fixed = startStaticUpstream(wanted, { ports, folder, cores: upstreamCores })
  const running: Running[] = [fixed]
  const stop = async () => void (await Promise.all(running.map(each => each.stop())))
  if (scenarios.some(({ upstream }) => upstream === 'streaming'))
    running.push(startStreamingUpstream({ port: streaming, folder, cores: upstreamCores }))
  for (const scenario of scenarios) {
    const [port = 0, upstream] = scenario.upstream === 'static' ? [ports[0], fixed] : [streaming, running[1]]
    const exited = () => upstream?.exited() ?? true
    // Upstreams speak plain HTTP/1.1, whatever clients speak.
    const asked: Scenario =
      scenario.load.kind === 'http2' || scenario.load.kind === 'tls' ? { ...scenario, load: keepAlive } : scenario
    const wrong = await untilRight(port, asked, { deadlineMs: startDeadlineMs, exited })
    if (wrong === undefined) continue
    await stop()
    throw new Error(`the upstream does not serve ${scenario.name}: ${wrong} (${upstream?.output() ?? ''})`)
  }
  return { folder, upstreams: { static: ports, streaming, dead }, upstreamName: fixed.name, stop }
}
