// `npm run chaos -- --minutes N --seed S`: rounds of chaos, each with a seed of its own that follows from S; prints what was drawn,
// the figures, and every violation with its evidence. Exits 1 on a violation.

import { parseArgs } from 'node:util'
import type { Evidence, LogLine } from './evidence.ts'
import { faultsAround } from './excuses.ts'
import { FAULT_KINDS, type FaultKind } from './faults.ts'
import { Figures } from './figures.ts'
import { OWN_FAULT_KINDS, type OwnFaultKind, possibleOwnFaults } from './own-faults.ts'
import { runRound } from './round.ts'
import { describeSetup } from './setup.ts'
import type { Violation } from './verdict.ts'

const HELP = `npm run chaos -- [--minutes N] [--seed S] [--round-seconds N] [--faults kind,kind]
  --minutes        how long, in rounds (default 5)
  --seed           of the first round; the next one has the next number (default: by the clock)
  --round-seconds  length of a round (default 60; below 10 = as in npm test)
  --faults         only these: ${[...FAULT_KINDS, ...OWN_FAULT_KINDS].join(', ')}`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000) % 1_000_000) },
    'round-seconds': { type: 'string', default: '60' },
    faults: { type: 'string', default: [...FAULT_KINDS, ...OWN_FAULT_KINDS].join(',') },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
const wanted = values.faults.split(',')
const kinds = FAULT_KINDS.filter(kind => wanted.includes(kind))
const ownKinds = OWN_FAULT_KINDS.filter(kind => wanted.includes(kind))
if (possibleOwnFaults(ownKinds).length < ownKinds.length)
  console.log('clock-step is left out: apt-get install --no-install-recommends faketime')
const unknown = wanted.filter(kind => ![...kinds, ...ownKinds].includes(kind as FaultKind | OwnFaultKind))
if (unknown.length > 0) throw new Error(`--faults: there is no ${unknown.join(', ')}\n${HELP}`)

const seconds = Number(values['round-seconds'])
const rounds = Math.max(1, Math.round((Number(values.minutes) * 60) / seconds))
const figures = new Figures()
let violations = 0
console.log(`${rounds} rounds of ${seconds} s from seed ${values.seed}`)
for (let round = 0; round < rounds; round += 1) {
  const seed = Number(values.seed) + round
  const result = await runRound({
    seed,
    seconds,
    kinds,
    ownKinds,
    onSetup: setup => console.log(`\n${describeSetup(setup)}`),
  })
  const { seen, episodes, ownEpisodes } = result.evidence
  console.log(
    `seed ${seed}: ${seen.length} requests, ${episodes.length} faults, ${ownEpisodes.length} of vigia itself, ${result.violations.length} violations`,
  )
  figures.add(result.evidence)
  violations += result.violations.length
  for (const violation of result.violations.slice(0, 10)) console.log(withEvidence(violation, result.evidence))
}
console.log(figures.table().join('\n'))
console.log(violations === 0 ? '\nno violation' : `\n${violations} violations`)
process.exit(violations === 0 ? 0 : 1)

function withEvidence({ rule, id, what, seen: request }: Violation, evidence: Evidence): string {
  const { conversations, journal, access, episodes, ownEpisodes, log } = evidence
  const lines = [`VIOLATION ${rule}: ${id} ${what}`]
  const talk = conversations.find(each => each.id === id)
  for (const each of [request, talk]) if (each) lines.push(`  client   ${JSON.stringify(each)}`)
  for (const each of access.get(id) ?? []) lines.push(`  access   ${JSON.stringify(each)}`)
  for (const each of journal.get(id) ?? []) lines.push(`  journal  ${JSON.stringify(each)}`)
  for (const each of log)
    if (request && each.requestId === request.requestId) lines.push(`  log      ${JSON.stringify(each)}`)
  const stretch = talk ?? request
  if (stretch) {
    for (const each of faultsAround(episodes, '', stretch))
      lines.push(`  fault    ${each.node} ${each.what}, ${each.startMs} to ${each.endMs}, well at ${each.wellMs}`)
    for (const each of ownEpisodes)
      if (each.startMs <= stretch.endMs && each.endMs >= stretch.startMs)
        lines.push(`  own      ${each.kind}, ${each.startMs} to ${each.endMs}`)
    for (const each of lastStates(log, stretch.startMs - 1500)) lines.push(`  before   ${each.time} ${each.msg}`)
    for (const each of log) {
      const atMs = Date.parse(each.time)
      if (each.to && atMs > stretch.startMs - 1500 && atMs < stretch.endMs + 200)
        lines.push(`  state    ${atMs} ${each.msg}`)
    }
  }
  return lines.join('\n')
}

/** What was said last of each upstream before that time. */
function lastStates(log: readonly LogLine[], beforeMs: number): LogLine[] {
  const states = log.filter(each => each.to && Date.parse(each.time) <= beforeMs)
  return [...new Map(states.map(each => [each.upstream, each])).values()]
}
