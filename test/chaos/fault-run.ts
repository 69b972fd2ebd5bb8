// Carries out the drawn faults, one after the other and some side by side, so that one upstream is always well: a fault waits until
// another upstream has been up and without a fault for `graceMs`. Keeps the time line that the verdict reads.

import { sleep } from '../support/until.ts'
import { describeFault, type Fault, type FaultKind } from './faults.ts'
import type { NodeProcess } from './node-process.ts'

/** All times are epoch ms. */
export interface Episode {
  readonly kind: FaultKind
  readonly what: string
  readonly node: string
  readonly startMs: number
  /** The fault is lifted, the upstream serves. */
  endMs: number
  /** From here on it counts as well again. */
  wellMs: number
}

/** Since when, and until when at least, control stood still: nobody was probed, and nobody came back. */
export interface ControlStall {
  readonly startMs: number
  readonly backMs: number
}

export interface FaultRun {
  readonly nodes: readonly NodeProcess[]
  readonly faults: readonly Fault[]
  /** Most upstreams with a fault at once. */
  readonly most: number
  /** From the end of a fault until the upstream counts as well. */
  readonly graceMs: number
  readonly untilMs: number
  /** Those so far; more come while it runs. */
  readonly controlStalls: readonly ControlStall[]
}

/** Resolves when all faults are lifted. */
export async function runFaults({
  nodes,
  faults,
  most,
  graceMs,
  untilMs,
  controlStalls,
}: FaultRun): Promise<Episode[]> {
  const episodes: Episode[] = []
  const running = new Set<Promise<void>>()
  const wrong: unknown[] = []
  const activeOn = (name: string) => episodes.some(each => each.node === name && each.endMs === Infinity)
  const isWell = (name: string) =>
    episodes.every(each => each.node !== name || wellMs(each.endMs, graceMs, controlStalls) <= Date.now())
  const mayStart = (name: string) =>
    running.size < most && !activeOn(name) && nodes.some(({ setup }) => setup.name !== name && isWell(setup.name))
  for (const fault of faults) {
    const node = nodes[fault.node]!
    const { name } = node.setup
    const dueMs = Date.now() + fault.afterMs
    // The order is the seed's, the time is when it can be: never two faults on one upstream, never all upstreams.
    while (Date.now() < untilMs && (Date.now() < dueMs || !mayStart(name))) await sleep(10)
    if (Date.now() + 200 >= untilMs || wrong.length > 0) break
    const startMs = Date.now()
    const episode: Episode = {
      kind: fault.kind,
      what: describeFault(fault),
      node: name,
      startMs,
      endMs: Infinity,
      wellMs: Infinity,
    }
    episodes.push(episode)
    const lastsMs = Math.min(fault.lastsMs, untilMs - startMs)
    const one: Promise<void> = carryOut(node, fault, lastsMs)
      .catch(error => {
        wrong.push(error)
      })
      .finally(() => {
        episode.endMs = Date.now()
        running.delete(one)
      })
    running.add(one)
  }
  await Promise.all(running)
  for (const episode of episodes) episode.wellMs = wellMs(episode.endMs, graceMs, controlStalls)
  if (wrong.length > 0) throw wrong[0]
  return episodes
}

/** What control needs for an upstream begins anew when control is back. */
function wellMs(endMs: number, graceMs: number, stalls: readonly ControlStall[]): number {
  let atMs = endMs + graceMs
  for (const { startMs, backMs } of stalls) if (startMs < atMs) atMs = Math.max(atMs, backMs + graceMs)
  return atMs
}

async function carryOut(node: NodeProcess, { kind, mode }: Fault, lastsMs: number): Promise<void> {
  switch (kind) {
    case 'kill':
      await node.kill()
      await sleep(lastsMs)
      return node.start()
    case 'restart':
      await node.leave()
      return node.start()
    case 'freeze':
      node.freeze()
      await sleep(lastsMs)
      return node.thaw()
    case 'flap':
      return flap(node, lastsMs)
    default:
      await node.become(mode!)
      await sleep(lastsMs)
      return node.become({ kind: 'well' })
  }
}

async function flap(node: NodeProcess, lastsMs: number): Promise<void> {
  const endMs = performance.now() + lastsMs
  for (let downMs = 150; performance.now() < endMs; downMs = downMs === 150 ? 400 : 150) {
    await node.become({ kind: 'refuse' })
    await sleep(downMs)
    await node.become({ kind: 'well' })
    await sleep(550 - downMs)
  }
}
