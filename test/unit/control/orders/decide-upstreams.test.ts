// What operators and nodes ask for, from the order to the shared table: the registry with its operations, no probes, no sockets.

import { expect, test } from 'vitest'
import type { ProbeResult } from '../../../../src/control/upstreams/probes/probe.ts'
import { Registry } from '../../../../src/control/upstreams/registry.ts'
import type { Notice, Transition } from '../../../../src/control/upstreams/upstream-event.ts'
import { InDoubtList } from '../../../../src/control/workers/in-doubt-list.ts'
import type { PoolPlan } from '../../../../src/plan/pool.ts'
import { readHints } from '../../../../src/policy/upstream/agent-hints.ts'
import { AVAILABILITY, UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { askAtOnce } from '../fixtures/orders.ts'
import { HTTP_HEALTH, poolPlan, snapshotOf, upstreamPlan } from '../fixtures/snapshot.ts'

const HEALTH = { ...HTTP_HEALTH, hints: true, drainOn404: true }
const REFUSED: ProbeResult = { ok: false, durationMs: 1, status: undefined, error: 'connection refused' }
const ANA = { reason: 'patching', by: 'ana' }

const answer = (fields: Record<string, string> = {}, status = 200): ProbeResult => ({
  ok: true,
  durationMs: 1,
  status,
  error: undefined,
  hints: readHints(status, fields, HEALTH),
})

function setUp(priorities: readonly number[], more: Partial<PoolPlan> = {}) {
  const upstreams = priorities.map((priority, at) => upstreamPlan(`erp-${at + 1}`, 8101 + at, { priority }))
  const pool = poolPlan('erp', upstreams, { health: HEALTH, ...more })
  const snapshot = snapshotOf({ pools: [pool, poolPlan('bus', [upstreamPlan('bus-1', 8201)])] })
  const table = new UpstreamTable()
  const transitions: Transition[] = []
  const notices: Notice[] = []
  const ended: number[] = []
  const clock = { nowMs: 1_000_000 }
  const registry = new Registry({
    table,
    totals: () => ({ responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }),
    sent: () => 0,
    tell: event => {
      if (event.type === 'transition') transitions.push(event.transition)
      if (event.type === 'notice') notices.push(event.notice)
      if (event.type === 'disabled') ended.push(event.slot)
    },
    now: () => clock.nowMs,
  })
  const slots = registry.apply(snapshot)
  const inDoubt = new InDoubtList()
  const ask = askAtOnce(registry, inDoubt, () => clock.nowMs)
  const nodes = slots.upstreams[0]!
  const allUp = () => {
    for (const slot of nodes) registry.probed(slot, answer())
    transitions.length = 0
  }
  const states = () => registry.pools()[0]!.entries.map(entry => entry.verdict.availability)
  return {
    table,
    transitions,
    notices,
    ended,
    clock,
    registry,
    inDoubt,
    ask,
    nodes,
    allUp,
    states,
    snapshot,
    pool: slots.pools[0]!,
  }
}

const erp1 = { pool: 'erp', upstream: 'erp-1' }
const forced = { ...ANA, force: true, deadlineMs: undefined }
const asked = { ...ANA, force: false, deadlineMs: undefined }

test('a drain takes new work away at once, says who and why, and enabling gives it back', () => {
  const { table, ask, allUp, nodes, transitions } = setUp([0, 0])
  allUp()
  expect(ask.drain(erp1, asked)).toEqual({ ok: true })
  expect(table.availability(nodes[0]!)).toBe(AVAILABILITY.draining)
  expect(transitions).toMatchObject([
    { upstream: 'erp-1', from: 'available', to: 'draining', cause: 'draining by ana: patching' },
  ])
  expect(ask.enable(erp1, { by: 'rui', reason: undefined })).toEqual({ ok: true })
  expect(table.availability(nodes[0]!)).toBe(AVAILABILITY.available)
  expect(transitions[1]).toMatchObject({ to: 'available', cause: 'enabled by rui; healthy' })
})

test('at the deadline the upstream is disabled and what is left on it is ended, once', () => {
  const { ask, allUp, nodes, clock, registry, ended, states, transitions } = setUp([0, 0])
  allUp()
  ask.drain(erp1, { ...asked, deadlineMs: clock.nowMs + 60_000 })
  expect(transitions.at(-1)?.cause).toBe('draining by ana: patching, until 1970-01-01T00:17:40.000Z')
  clock.nowMs += 59_000
  registry.tick()
  expect([states()[0], ended]).toEqual(['draining', []])
  clock.nowMs += 1_000
  for (let i = 0; i < 3; i += 1) registry.tick()
  expect([states()[0], ended]).toEqual(['disabled', [nodes[0]]])
  expect(transitions.at(-1)).toMatchObject({
    to: 'disabled',
    cause: 'disabled by ana: patching; the deadline of the drain has come',
  })
})

test('disabling ends what is on it at once', () => {
  const { ask, allUp, nodes, ended, states } = setUp([0, 0])
  allUp()
  ask.disable(erp1, asked)
  expect([states()[0], ended]).toEqual(['disabled', [nodes[0]]])
  ask.disable(erp1, { ...asked, reason: 'still broken' })
  expect(ended).toHaveLength(1)
})

test('an order that changes no availability is told too', () => {
  const { ask, registry, nodes, transitions } = setUp([0, 0])
  registry.probed(nodes[0]!, REFUSED)
  registry.probed(nodes[1]!, answer())
  transitions.length = 0
  ask.drain(erp1, asked)
  expect(transitions).toMatchObject([
    { from: 'out', to: 'out', cause: 'draining by ana: patching (out anyway: unhealthy: connection refused)' },
  ])
})

test('what would leave a pool without an available upstream is refused, with what is left, unless forced', () => {
  const { ask, registry, nodes, states } = setUp([0, 0])
  registry.probed(nodes[0]!, answer())
  registry.probed(nodes[1]!, REFUSED)
  const result = ask.drain(erp1, asked)
  expect(result).toEqual({
    ok: false,
    code: 'conflict',
    message: 'pool erp would be left without an available upstream (erp-2 is out: unhealthy: connection refused)',
    advice: 'ask with force if that is meant',
  })
  expect(states()[0]).toBe('available')
  expect(ask.drain(erp1, forced)).toEqual({ ok: true })
  expect(states()[0]).toBe('draining')
  // Nothing more is taken away by another deadline, or by disabling what serves nobody new.
  expect(ask.drain(erp1, asked)).toEqual({ ok: true })
  expect(ask.disable(erp1, asked)).toEqual({ ok: true })
})

test('a whole pool is refused as such, and with force each of its upstreams is drained', () => {
  const { ask, allUp, states } = setUp([0, 0, 1])
  allUp()
  expect(ask.drain({ pool: 'erp' }, asked)).toMatchObject({ message: expect.stringContaining('(it has no other)') })
  expect(ask.drain({ pool: 'erp' }, forced)).toEqual({ ok: true })
  expect(states()).toEqual(['draining', 'draining', 'draining'])
  ask.enable({ pool: 'erp' }, { by: 'ana', reason: 'done' })
  expect(states()).toEqual(['available', 'available', 'available'])
})

test('a name that nobody knows is answered with the one that was meant', () => {
  const { ask } = setUp([0, 0])
  expect(ask.drain({ pool: 'epr' }, asked)).toEqual({
    ok: false,
    code: 'unknown',
    message: 'there is no pool "epr", did you mean "erp"?',
  })
  expect(ask.enable({ pool: 'erp', upstream: 'eprx-1' }, { by: 'a', reason: undefined })).toMatchObject({
    message: expect.stringContaining('pool erp has no upstream "eprx-1"'),
  })
  expect(ask.disable({ pool: 'zzzzzz' }, asked)).toMatchObject({
    message: 'there is no pool "zzzzzz"; there is erp, bus',
  })
})

test('a hold survives a reload, also one that changes the upstream’s weight', () => {
  const { ask, allUp, registry, snapshot, states, clock } = setUp([0, 0])
  allUp()
  ask.drain(erp1, { ...asked, deadlineMs: clock.nowMs + 5_000 })
  const [erp, ...others] = snapshot.pools
  const lighter = erp!.upstreams.map(upstream => ({ ...upstream, weight: 3 }))
  registry.apply({ ...snapshot, revision: 2, pools: [...others, { ...erp!, upstreams: lighter }] })
  registry.retire()
  expect(registry.pools()[1]!.entries[0]!.verdict.availability).toBe('draining')
  clock.nowMs += 5_000
  registry.tick()
  expect(registry.pools()[1]!.entries[0]!.verdict.availability).toBe('disabled')
  expect(states()).toEqual(['unknown'])
})

test('an order is for a name: it goes on where the upstream gets another address, and is forgotten with the name', () => {
  const { ask, allUp, registry, snapshot, states, nodes } = setUp([0, 0])
  allUp()
  registry.probed(nodes[1]!, answer({ 'x-vigia-state': 'drain' }))
  ask.drain(erp1, forced)
  const [erp, ...others] = snapshot.pools
  const configure = (upstreams: PoolPlan['upstreams']) => {
    registry.apply({ ...snapshot, pools: [{ ...erp!, upstreams }, ...others] })
    registry.retire()
  }
  configure(erp!.upstreams.map(upstream => ({ ...upstream, port: upstream.port + 1000 })))
  // What the former node said of itself is nothing that the new one has said.
  expect(states()).toEqual(['draining', 'unknown'])
  configure(erp!.upstreams.slice(1))
  configure(erp!.upstreams)
  expect(states()).toEqual(['unknown', 'unknown'])
})

test('who was only drained comes back whole, who was disabled starts slowly', () => {
  const { ask, allUp, table, nodes } = setUp([0, 0], { slowStartMs: 20_000 })
  allUp()
  const back = () => ask.enable(erp1, { by: 'ana', reason: undefined })
  ask.drain(erp1, asked)
  back()
  expect(table.weight(nodes[0]!)).toBe(100)
  ask.drain(erp1, asked)
  ask.disable(erp1, asked)
  ask.drain(erp1, asked)
  back()
  expect(table.weight(nodes[0]!)).toBe(10)
})

test('who was out and comes back while it is being drained starts slowly once it is enabled', () => {
  const { ask, allUp, table, nodes, registry } = setUp([0, 0], { slowStartMs: 20_000 })
  allUp()
  ask.drain(erp1, asked)
  for (let i = 0; i < 3; i += 1) registry.probed(nodes[0]!, REFUSED)
  for (let i = 0; i < 3; i += 1) registry.probed(nodes[0]!, answer())
  expect(table.availability(nodes[0]!)).toBe(AVAILABILITY.draining)
  ask.enable(erp1, { by: 'ana', reason: undefined })
  expect(table.weight(nodes[0]!)).toBe(10)
})

test('a node that asks for a drain on its first good probe gets no work at all', () => {
  const { registry, nodes, transitions } = setUp([0, 0])
  registry.probed(nodes[0]!, answer({ 'x-vigia-state': 'drain' }))
  expect(transitions.map(each => each.to)).toEqual(['draining'])
  expect(transitions[0]?.cause).toBe('draining by erp-1: X-Vigia-State: drain')
  registry.probed(nodes[0]!, answer())
  expect(transitions[1]).toMatchObject({
    to: 'available',
    cause: 'enabled by erp-1: it no longer asks to be drained; healthy',
  })
})

test('a node’s wish and an operator’s order are lifted each by its own side', () => {
  const { registry, nodes, allUp, ask, states } = setUp([0, 0])
  allUp()
  ask.drain(erp1, asked)
  registry.probed(nodes[0]!, answer({}, 404))
  registry.probed(nodes[0]!, answer({ 'x-vigia-state': 'ready' }))
  expect(states()[0]).toBe('draining')
  registry.probed(nodes[0]!, answer({}, 404))
  ask.enable(erp1, { by: 'ana', reason: undefined })
  expect(states()[0]).toBe('draining')
  registry.probed(nodes[0]!, answer())
  expect(states()[0]).toBe('available')
})

test('a weight that a node asks for is a factor on its own, and goes with the field', () => {
  const { registry, nodes, allUp, table, notices, states } = setUp([0, 0])
  allUp()
  registry.probed(nodes[0]!, answer({ 'x-vigia-weight': '33.3%' }))
  expect(table.weight(nodes[0]!)).toBe(33.3)
  const { version } = table
  registry.tick()
  registry.probed(nodes[0]!, answer({ 'x-vigia-weight': '33.3%' }))
  expect(table.version, 'no worker is woken for nothing').toBe(version)
  registry.probed(nodes[0]!, answer({ 'x-vigia-weight': '0%' }))
  expect([table.weight(nodes[0]!), states()[0]]).toEqual([0, 'available'])
  registry.probed(nodes[0]!, answer())
  expect(table.weight(nodes[0]!)).toBe(100)
  expect(notices.map(each => each.text)).toEqual([
    'asks for 33.3% of its weight (X-Vigia-Weight)',
    'asks for 0% of its weight (X-Vigia-Weight)',
    'asks for 100% of its weight (X-Vigia-Weight)',
  ])
})

test('the last node of a pool may ask to be left alone, and the log warns of it', () => {
  const { registry, nodes, notices, states } = setUp([0, 0])
  registry.probed(nodes[0]!, answer())
  registry.probed(nodes[1]!, REFUSED)
  registry.probed(nodes[0]!, answer({ 'x-vigia-state': 'drain' }))
  registry.probed(nodes[0]!, answer({ 'x-vigia-state': 'drain' }))
  expect(states()[0]).toBe('draining')
  expect(notices).toEqual([
    {
      level: 'warn',
      pool: 'erp',
      upstream: 'erp-1',
      text: expect.stringContaining('nothing else of its pool takes any'),
    },
  ])
})

test('what is not understood is said once, however often it comes', () => {
  const { registry, nodes, notices } = setUp([0, 0])
  for (let i = 0; i < 5; i += 1) registry.probed(nodes[0]!, answer({ 'x-vigia-state': `later ${i}` }))
  expect(notices.map(each => each.text)).toEqual(['its X-Vigia-State is ignored: "later 0" is neither drain nor ready'])
})

test('a reload that stops following hints forgets them', () => {
  const { registry, nodes, snapshot, states, table } = setUp([0, 0])
  registry.probed(nodes[0]!, answer({ 'x-vigia-state': 'drain', 'x-vigia-weight': '50%' }))
  const pools = snapshot.pools.map(pool => ({ ...pool, health: HTTP_HEALTH }))
  registry.apply({ ...snapshot, revision: 2, pools })
  expect([states()[0], table.weight(nodes[0]!)]).toEqual(['available', 100])
})

test('a failed probe says nothing about the wishes of the node', () => {
  const { registry, nodes, states } = setUp([0, 0])
  registry.probed(nodes[0]!, answer({ 'x-vigia-state': 'drain' }))
  registry.probed(nodes[0]!, REFUSED)
  expect(states()[0]).toBe('draining')
})

test('with manual failback load that had to move down stays there until an operator asks', () => {
  const { registry, nodes, table, pool, ask, notices } = setUp([0, 1], { failback: 'manual' })
  // At boot the second site may be known first.
  registry.probed(nodes[1]!, answer())
  expect(table.floor(pool)).toBe(0)
  registry.probed(nodes[0]!, answer())
  expect(table.floor(pool)).toBe(0)
  for (let i = 0; i < 3; i += 1) registry.probed(nodes[0]!, REFUSED)
  expect(table.floor(pool)).toBe(1)
  expect(ask.failback('erp', ANA)).toMatchObject({
    code: 'conflict',
    message: 'nothing before priority 1 of pool erp takes work: erp-1 is out: unhealthy: connection refused',
  })
  for (let i = 0; i < 3; i += 1) registry.probed(nodes[0]!, answer())
  expect(table.floor(pool)).toBe(1)
  expect(registry.levels(registry.pools()[0]!)).toEqual({ priority: 1, floor: 1, waiting: 0 })
  expect(ask.failback('erp', ANA)).toEqual({ ok: true })
  expect(table.floor(pool)).toBe(0)
  expect(registry.levels(registry.pools()[0]!)).toEqual({ priority: 0, floor: 0, waiting: undefined })
  expect(notices.map(each => each.text)).toEqual([
    'priority 1 carries the load now, and keeps it until an operator asks for a failback',
    'load returns to priority 0: failback by ana: patching',
  ])
  expect(ask.failback('erp', ANA)).toMatchObject({ message: 'pool erp is on its first priority already' })
})

test('the floor survives a reload, and a pool with automatic failback has none', () => {
  const { registry, nodes, table, pool, ask, snapshot } = setUp([0, 1], { failback: 'manual' })
  registry.probed(nodes[0]!, REFUSED)
  registry.probed(nodes[1]!, answer())
  expect(table.floor(pool)).toBe(1)
  registry.apply({ ...snapshot, revision: 2 })
  for (let i = 0; i < 3; i += 1) registry.probed(nodes[0]!, answer())
  expect(table.floor(pool)).toBe(1)
  registry.apply({ ...snapshot, pools: snapshot.pools.map(each => ({ ...each, failback: 'automatic' as const })) })
  expect(table.floor(pool)).toBe(0)
  expect(ask.failback('erp', ANA)).toMatchObject({ code: 'conflict', message: expect.stringContaining('by itself') })
})

test('load returns by itself where nothing from the floor on is left', () => {
  const { registry, nodes, table, pool } = setUp([0, 1], { failback: 'manual' })
  registry.probed(nodes[0]!, REFUSED)
  registry.probed(nodes[1]!, answer())
  for (let i = 0; i < 3; i += 1) registry.probed(nodes[0]!, answer())
  for (let i = 0; i < 3; i += 1) registry.probed(nodes[1]!, REFUSED)
  expect(table.floor(pool)).toBe(0)
})
