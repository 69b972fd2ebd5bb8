// Real servers with vigia in front of them: `node test/ops/servers/run.ts [NAME...] [--peer NAME] [--install]`. See ../README.md.

import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { CASES } from './cases.ts'
import { FRONTS, type Front, type FrontName, missingFront, startFront } from './fronts.ts'
import { missingPackages, Node } from './node.ts'
import { SERVERS, type Server } from './servers.ts'
import { inHealth, inKill, inReload, type Seen } from './trials.ts'
import { countOf, onlyThrough, ordersOf, total, wrongOf } from './verdict.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { peer: { type: 'string', default: 'vigia' }, install: { type: 'boolean', default: false } },
})
const peer = values.peer as FrontName
const names = SERVERS.map(({ name }) => name)
const unknown = positionals.filter(name => !names.includes(name))
if (unknown.length > 0) fail(`there is no server ${unknown.join(', ')}, expected some of ${names.join(', ')}`)
if (!FRONTS.includes(peer)) fail(`there is no peer ${peer}, expected one of ${FRONTS.join(', ')}`)
const missing = missingFront(peer)
if (missing !== undefined) fail(missing)

/** An answer that comes sooner is not slow, however fast direct ones are. */
const SLOW_MS = 1_500

interface Row {
  readonly cells: readonly (string | number)[]
  readonly faults: readonly string[]
}

const rows: Row[] = []
for (const server of SERVERS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const row = await tryOut(server).catch(error => ({
    cells: [server.name, '-', '-', '-', '-', '-', '-'],
    faults: [`could not be tried: ${(error as Error).message}`],
  }))
  rows.push(row)
  for (const fault of row.faults) console.error(`${server.name}: ${fault}`)
}

console.log(
  `\n| ${peer}, in front of | requests | only through it | in a reload | kill -9: orders | errors, listed | lost, doubled |`,
)
console.log('|---|--:|--:|--:|--:|--:|--:|')
for (const { cells } of rows) console.log(`| ${cells.join(' | ')} |`)
process.exit(rows.some(({ faults }) => faults.length > 0) ? 1 : 0)

async function tryOut(server: Server): Promise<Row> {
  const packages = missingPackages(server)
  if (packages.length > 0) {
    if (!values.install)
      return { cells: [server.name, `skipped: apt-get install ${packages.join(' ')}, or --install`], faults: [] }
    install(packages)
  }
  console.error(`${server.name} ...`)
  const { lacks } = server
  const nodes: Node[] = []
  const fronts: Front[] = []
  try {
    const first = await Node.start(server)
    nodes.push(first)
    const direct = await inHealth(first.port, { keeps: false, lacks })
    const directReload = server.reload && (await inReload(first.port, { keeps: false }, first))
    const one = await startFront(peer, [first.port], server.pool)
    fronts.push(one)
    const health = await inHealth(one.port, { keeps: true, lacks, slowMs: slowFrom(direct) })
    const doubts = (await one.inDoubt()) ?? []
    const reload = server.reload && (await inReload(one.port, { keeps: true, slowMs: slowFrom(directReload) }, first))
    const second = await Node.start(server)
    nodes.push(second)
    const two = await startFront(peer, [first.port, second.port], server.pool)
    fronts.push(two)
    const kill = await inKill(two, first)

    const seen = [direct, directReload, health, reload, kill].filter((each): each is Seen => each !== undefined)
    const { lost, doubled } = ordersOf(
      seen,
      nodes.flatMap(node => node.orders()),
    )
    const isRight = (each: string) => CASES.some(({ name, right }) => right && each.startsWith(`${name}: ${right} x`))
    const only = onlyThrough(health.outcomes, direct.outcomes).filter(each => !isRight(each))
    const onlyInReload = reload && directReload ? onlyThrough(reload.outcomes, directReload.outcomes) : []
    const errors = total(kill.outcomes) - countOf(kill.outcomes, /^200 /)
    const inDoubt = countOf(kill.outcomes, /in-doubt/)
    const wrong = peer === 'vigia' ? wrongOf(health.outcomes, CASES) : []
    const faults = [...wrong, ...only, ...onlyInReload.map(each => `in a reload: ${each}`)]
    if (only.length > 0) faults.push(...doubts.map(each => `in doubt in health: ${each}`))
    if (lost > 0) faults.push(`${lost} orders lost`)
    if (doubled > 0) faults.push(`${doubled} orders doubled`)
    if (peer === 'vigia' && errors > inDoubt) faults.push(`kill -9: ${wordsOf(kill.outcomes)}`)
    if (kill.inDoubt !== undefined && kill.inDoubt.length !== inDoubt)
      faults.push(`kill -9: ${inDoubt} answers in doubt, ${kill.inDoubt.length} listed`)
    return {
      cells: [
        ...[server.name, total(health.outcomes), only.length, reload ? onlyInReload.length : '-'],
        ...[ordersOf([kill], []).acknowledged, `${errors}, ${kill.inDoubt?.length ?? '-'}`, `${lost}, ${doubled}`],
      ],
      faults,
    }
  } finally {
    for (const front of fronts) await front.stop()
    for (const node of nodes) await node.remove()
  }
}

/** What no direct client came near to, on this machine at this time; ms. */
function slowFrom(direct: Seen | undefined): number {
  return Math.max(SLOW_MS, (direct?.slowestMs ?? 0) * 3)
}

function wordsOf(outcomes: Seen['outcomes']): string {
  return [...outcomes]
    .flatMap(([name, seen]) => [...seen].map(([outcome, count]) => `${name}: ${outcome} x${count}`))
    .filter(each => !/: 200 /.test(each))
    .join('; ')
}

function install(packages: readonly string[]): void {
  console.error(`apt-get install ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['install', '--yes', '--quiet', '--no-install-recommends', ...packages], {
    env,
    stdio: 'ignore',
  })
}

function fail(message: string): never {
  console.error(`servers: ${message}`)
  process.exit(2)
}
