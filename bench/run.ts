// `npm run bench`: proxies side by side on this machine, in interleaved rounds; prints a table per scenario and writes a JSON file.
// Exit 0 = measured, 1 = a proxy did not start or answered wrongly, 2 = wrong command line or the machine can't do it.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { untilRight } from './harness/check.ts'
import { type Contestant, loadCore, startContestant } from './harness/contestant.ts'
import { chooseLoad } from './harness/load.ts'
import { describeEnvironment } from './harness/machine.ts'
import { type BenchOptions, parseOptions, select, usage } from './harness/options.ts'
import { canPin, freePorts, stopAll } from './harness/process.ts'
import { summarise, table } from './harness/report.ts'
import { runRounds } from './harness/rounds.ts'
import { peers } from './peers/all.ts'
import { scenarios } from './scenarios/all.ts'
import { startUpstream } from './upstream/start.ts'

const direct = { name: 'direct' }

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
process.once('exit', stopAll)

try {
  if (process.platform !== 'linux') throw new Error('the benchmark reads CPU times from /proc: it runs on Linux only')
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') console.log(usage)
  else process.exitCode = await bench(options)
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}

async function bench(options: BenchOptions): Promise<number> {
  const names = select('--only', [direct, ...peers], options.only).map(each => each.name)
  const chosen = peers.filter(peer => names.includes(peer.name) && peer.missing === undefined)
  const run = select('--scenario', scenarios, options.scenarios)
  const first = run[0] ?? scenarios[0]
  const load = chooseLoad(options.load)
  const environment = describeEnvironment(chosen)
  const folder = mkdtempSync(join(tmpdir(), 'vigia-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755) // nginx started by root reads its files as another user
  const contestants: Contestant[] = []
  const failed: { name: string; wrong: string }[] = []
  const [upstreamPort = 0] = await freePorts(1)
  const upstream = startUpstream(options.upstream, { port: upstreamPort, folder, core: loadCore })
  try {
    // 1. The upstream, then every proxy; all stay up for the whole run, so that each is warm and none gains from going last.
    if (first === undefined) throw new Error('there is no scenario')
    const wrong = await untilRight(upstreamPort, first, { deadlineMs: 5000, exited: upstream.exited })
    if (wrong !== undefined)
      throw new Error(`the upstream (${upstream.name}) did not start: ${wrong} (${upstream.output()})`)
    if (names.includes(direct.name)) contestants.push({ name: direct.name, port: upstreamPort, running: undefined })
    for (const peer of chosen) {
      const contestant = await startContestant(peer, { upstreamPort, folder, first })
      if ('wrong' in contestant) failed.push({ name: peer.name, wrong: contestant.wrong })
      else contestants.push(contestant)
    }

    // 2. What is measured, on what.
    const { processor, cores, memoryGiB, kernel, node, versions } = environment
    console.log(`${processor}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}`)
    console.log(
      `load: ${load.name}, upstream: ${upstream.name}, ${options.rounds} rounds of ${options.seconds} s, ${pinning()}`,
    )
    for (const { name, title } of chosen) console.log(`  ${name.padEnd(10)} ${versions[name]}: ${title}`)
    for (const { name, missing } of peers)
      if (names.includes(name) && missing !== undefined) console.log(`  ${name.padEnd(10)} skipped: ${missing}`)
    for (const { name, wrong } of failed) console.log(`  ${name.padEnd(10)} ${wrong}`)

    // 3. Scenario by scenario.
    const results: object[] = []
    let allRight = failed.length === 0
    for (const scenario of run) {
      const rounds = await runRounds(contestants, { ...options, scenario, load, folder, progress })
      progress('')
      const rows = summarise(rounds)
      allRight &&= rows.every(row => row.wrong === undefined && row.errors === 0)
      console.log(`\n${scenario.name}: ${scenario.title}\n\n${table(rows)}`)
      results.push({ name: scenario.name, title: scenario.title, rows, rounds })
    }

    // 4. The file, for comparing and plotting.
    const document = {
      at: new Date().toISOString(),
      environment,
      load: load.name,
      upstream: upstream.name,
      options,
      failed,
    }
    mkdirSync(dirname(options.jsonFile), { recursive: true })
    writeFileSync(options.jsonFile, `${JSON.stringify({ ...document, scenarios: results }, undefined, 1)}\n`)
    console.log(`\nfigures of every round: ${options.jsonFile}`)
    return allRight ? 0 : 1
  } finally {
    await Promise.all([upstream.stop(), ...contestants.map(({ running }) => running?.stop())])
  }
}

function pinning(): string {
  return canPin
    ? 'proxy on core 0, load and upstream on core 1'
    : 'not pinned (needs taskset and two cores): take no CPU figure for sure'
}

/** One line that overwrites itself, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`)
}
