// What of the network can be seen from here: names, upstreams by their own probes, and who has the ports of the listeners.

import { isIP } from 'node:net'
import { firstAnswers } from '../../control/names/first-answers.ts'
import { probeHttp } from '../../control/upstreams/probes/http.ts'
import type { ProbeResult } from '../../control/upstreams/probes/probe.ts'
import { probeTcp } from '../../control/upstreams/probes/tcp.ts'
import { listenersOf } from '../../control/workers/listen-check.ts'
import { type PortHolder, portHolders } from '../../control/workers/port-holder.ts'
import type { PoolPlan, UpstreamPlan } from '../../plan/pool.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { hostPort } from '../../util/words.ts'
import { type Finding, found, ok } from './finding.ts'

const NAMES_WITHIN_MS = 5_000
const MOST_PROBES = 200
const PROBES_AT_ONCE = 16

export async function nameFindings(snapshot: Snapshot): Promise<Finding[]> {
  const hosts = new Set(snapshot.pools.flatMap(({ upstreams }) => upstreams.map(({ host }) => host)))
  const names = [...hosts].filter(host => isIP(host) === 0)
  if (names.length === 0) return []
  const startedMs = performance.now()
  const answers = await firstAnswers(snapshot, NAMES_WITHIN_MS)
  const tookMs = Math.round(performance.now() - startedMs)
  const wrong = names.flatMap(name => {
    const answer = answers.get(name)
    const why = answer === undefined ? 'no answer in time' : answer.problem?.why
    if (why === undefined) return []
    const advice = `ask yourself: getent hosts ${name}; then mend DNS, /etc/hosts, or the configuration key dns`
    return [found('error', `name ${name}`, `the name ${name} of an upstream is not found from here: ${why}`, advice)]
  })
  return wrong.length > 0
    ? wrong
    : [ok('names', `${names.length} names of upstreams have addresses (all in ${tookMs} ms)`)]
}

/** Of what state a vigia that runs says an upstream is; undefined = none does. */
export type StateOf = (pool: string, upstream: string) => string | undefined

export async function probeFindings({ pools }: Snapshot, stateOf: StateOf): Promise<Finding[]> {
  const all = pools.flatMap(pool => pool.upstreams.map(upstream => ({ pool, upstream })))
  const asked = all.filter(({ pool }) => pool.health.kind !== 'none').slice(0, MOST_PROBES)
  const findings: Finding[] = []
  const waiting = asked.entries()
  // A few at once: what many answer at the same time says nothing of one.
  const asker = async () => {
    for (const [at, { pool, upstream }] of waiting) {
      const result = await probe(pool, upstream)
      findings[at] = probeFinding(pool, upstream, result, stateOf(pool.name, upstream.name))
    }
  }
  await Promise.all(Array.from({ length: PROBES_AT_ONCE }, asker))
  const silent = all.length - asked.length
  return silent === 0
    ? findings
    : [
        ...findings,
        found(
          'note',
          'probes',
          `${silent} upstreams are not probed (health: off), or are too many to ask`,
          'curl says how they are',
        ),
      ]
}

function probe({ health, proxyProtocol }: PoolPlan, upstream: UpstreamPlan): Promise<ProbeResult> {
  const place = { upstream, target: { host: upstream.host }, proxyProtocol }
  const { signal } = new AbortController()
  if (health.kind === 'http') return probeHttp(health, place, signal)
  if (health.kind === 'tcp') return probeTcp(health, place, signal)
  throw new Error('an upstream without health checks is never probed')
}

export function probeFinding(
  { name: pool }: PoolPlan,
  { name, host, port }: UpstreamPlan,
  { ok: isWell, error, durationMs }: ProbeResult,
  state: string | undefined,
): Finding {
  const place = `${pool}/${name}`
  const check = `probe ${place}`
  const where = hostPort(host, port)
  const took = `${Math.round(durationMs)} ms`
  if (isWell && state === 'out')
    return found(
      'warning',
      check,
      `${place} answers well from here (${took}), but the vigia that runs has it out`,
      `vigia why ${place}`,
    )
  if (isWell) return ok(check, `${place} answers well (${where}, ${took})`)
  if (state === 'available')
    return found(
      'note',
      check,
      `${place} does not answer well from here (${error}), but the vigia that runs gets good answers`,
      'this machine, or this user, sees it otherwise: another network, another name server?',
    )
  const advice = state === undefined ? `look at the node, and at pools.${pool}.health` : `vigia why ${place}`
  return found('error', check, `${place} does not answer well (${where}): ${error}`, advice)
}

/** @param pid of the vigia that runs; undefined = none does */
export function portFindings(
  snapshot: Snapshot,
  pid: number | undefined,
  holders: (port: number) => readonly PortHolder[] = portHolders,
): Finding[] {
  const places = [...listenersOf(snapshot).map(each => ({ ...each, who: `listener ${each.name}` }))]
  if (snapshot.admin !== undefined)
    places.push({ ...snapshot.admin, name: 'admin', tls: undefined, who: 'admin listener' })
  return places.flatMap(({ who, host, port }) => {
    const others = holders(port).filter(holder => holder.pid !== pid)
    const address = hostPort(host, port)
    if (others.length === 0)
      return [ok(who, pid === undefined ? `${who}: nobody else has ${address}` : `${who}: ${address} is vigia's alone`)]
    const names = others.map(holder => `${holder.name} (process ${holder.pid})`).join(', ')
    const what =
      pid === undefined
        ? `${address} is held by ${names}: vigia can not listen there`
        : `${names} listens on port ${port} as well: it may get a part of the connections`
    return [found('error', who, `${who}: ${what}`, 'stop that one, or choose another address in the configuration')]
  })
}
