// `node bench/micro.ts [--filter TEXT] [--rounds N] [--json FILE]`: nanoseconds per operation of the hot path's parts. Rounds are
// interleaved over all cases, so that a noisy moment and a clock that slows down hit all alike; the median is the figure.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { whole } from './harness/options.ts'
import { spread } from './harness/stats.ts'
import { accessLineCases } from './micro/access-lines.ts'
import { bookkeepingCases } from './micro/bookkeeping.ts'
import type { MicroCase } from './micro/case.ts'
import { decisionCases } from './micro/decisions.ts'
import { headCases } from './micro/heads.ts'
import { http2Cases } from './micro/http2.ts'
import { tunnelCases } from './micro/tunnels.ts'

/** Length of one batch, ms: long against the clock's grain, short against a noisy neighbour's visit. */
const batchMs = 20
const warmUpMs = 150

const { values } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    rounds: { type: 'string', default: '15' },
    json: { type: 'string' },
  },
})
const rounds = whole('--rounds', values.rounds)
const cases = [
  ...headCases,
  ...http2Cases,
  ...decisionCases,
  ...bookkeepingCases,
  ...accessLineCases,
  ...tunnelCases,
].filter(({ name }) => name.includes(values.filter))
if (cases.length === 0) {
  console.error(`micro: no case has "${values.filter}" in its name`)
  process.exitCode = 2
}

/** Where results go, so that no case's work can be dropped as unused. */
let sink = 0
const batches = cases.map(each => ({ name: each.name, each, times: batchOf(each), nsEach: [] as number[] }))
for (let round = 0; round < rounds; round++)
  for (const { each, times, nsEach } of batches) nsEach.push((msOf(each, times) * 1e6) / times)

const figures = batches.map(({ name, times, nsEach }) => ({ name, times, ns: spread(nsEach) }))
const width = Math.max(0, ...figures.map(({ name }) => name.length))
for (const { name, ns } of figures)
  if (ns !== undefined)
    console.log(
      `${name.padEnd(width)} ${ns.median.toFixed(1).padStart(9)} ns  (${ns.min.toFixed(1)}-${ns.max.toFixed(1)})`,
    )
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ node: process.version, rounds, sink, figures }, undefined, 1)}\n`)

/** Warms a case up and finds how many operations fill a batch. */
function batchOf(each: MicroCase): number {
  let times = 64
  let spentMs = 0
  for (;;) {
    const ms = msOf(each, times)
    spentMs += ms
    if (ms >= batchMs / 2 && spentMs >= warmUpMs) return Math.max(1, Math.round((times * batchMs) / ms))
    if (ms < batchMs / 2) times *= 2
  }
}

function msOf(each: MicroCase, times: number): number {
  const began = performance.now()
  sink += each.run(times)
  return performance.now() - began
}
