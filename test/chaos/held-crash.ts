// `node test/chaos/held-crash.ts --seed S --minutes N --kills K --requests N`: held requests under kill -9 of vigia (test/chaos/held/).
// Rounds, each with the next seed, until the time is over or so many requests were acknowledged. Exits 1 on a violation.

import { parseArgs } from 'node:util'
import { setup } from '../support/bundled-program.ts'
import { drawHeldSetup } from './held/setup.ts'

// What vigia needs for a start is most of what a round costs. Where the program is has to be known before what starts it is loaded.
await setup()
const { runHeld } = await import('./held/round.ts')

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000) % 1_000_000) },
    minutes: { type: 'string', default: '5' },
    requests: { type: 'string', default: '1000000' },
    kills: { type: 'string', default: '12' },
    verbose: { type: 'boolean', default: false },
  },
})
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

const endMs = Date.now() + Number(values.minutes) * 60_000
let violations = 0
let acknowledged = 0
let kills = 0
for (let seed = Number(values.seed); Date.now() < endMs && acknowledged < Number(values.requests); seed += 1) {
  console.log(`\nseed ${seed}: ${JSON.stringify(drawHeldSetup(seed))}`)
  const run = await runHeld({
    seed,
    kills: Number(values.kills),
    seconds: Math.max(1, (endMs - Date.now()) / 1_000),
    onAct: act => values.verbose && console.log(JSON.stringify({ atMs: Date.now(), ...act })),
  })
  const { told, rows, settled } = run.evidence
  const first = told.filter(({ isRepeat }) => !isRepeat)
  const held = first.filter(({ status }) => status === 202).length
  const states = Map.groupBy(rows, ({ state }) => state)
  const notDone = [...settled.values()].filter(how => how === 'not-done').length
  console.log(
    [
      `${first.length} requests, ${held} acknowledged as held, ${told.length - first.length} repeats`,
      `${first.filter(({ node }) => node !== '').length} answered by an upstream, ${first.filter(({ end }) => end === 'none').length} without an answer`,
      `${run.kills} kills, slowest start ${Math.max(...run.startsMs).toFixed(0)} ms`,
      `${settled.size} settled (${notDone} were not carried out)`,
      [...states].map(([state, { length }]) => `${length} ${state}`).join(', '),
      `${run.violations.length} violations`,
    ].join('; '),
  )
  for (const { rule, id, what } of run.violations.slice(0, 10)) {
    console.log(`VIOLATION ${rule}: ${id} ${what}`)
    for (const each of told) if (each.id === id) console.log(`  sender   ${JSON.stringify(each)}`)
    for (const each of rows) if (each.path.endsWith(`/${id}`)) console.log(`  held     ${JSON.stringify(each)}`)
    for (const each of run.evidence.journal) if (each.id === id) console.log(`  journal  ${JSON.stringify(each)}`)
    if (settled.has(id)) console.log(`  settled  ${settled.get(id)}`)
  }
  violations += run.violations.length
  acknowledged += held
  kills += run.kills
}
console.log(
  `\n${acknowledged} acknowledged, ${kills} kills, ${violations === 0 ? 'no violation' : `${violations} violations`}`,
)
process.exit(violations === 0 ? 0 : 1)
