// `npm run bench`: proxies side by side on this machine, in interleaved rounds; prints a table per scenario and writes a JSON file.
// Exit 0 = measured, 1 = a proxy did not start or answered wrongly, 2 = wrong command line or the machine can't do it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { chooseClosedLoad } from './harness/choose-load.ts'
import { cautionFor, describeCores } from './harness/cores.ts'
import { Entrants } from './harness/entrants.ts'
import { h2load } from './harness/http2-load.ts'
import { describeEnvironment } from './harness/machine.ts'
import { type BenchOptions, parseOptions, select, usage } from './harness/options.ts'
import { summarise, table } from './harness/report.ts'
import { startRig } from './harness/rig.ts'
import { runRounds } from './harness/rounds.ts'
import { peers } from './peers/all.ts'
import { scenarios } from './scenarios/all.ts'
import { measureSites, sitesTable } from './sites.ts'
import { measureSlow, slowScenarios, slowTable } from './slow-clients.ts'

const direct = { name: 'direct' }
const everyone = [direct, ...peers]
const all = [...scenarios, ...slowScenarios]

try {
  const options = parseOptions(process.argv.slice(2), all)
  const names = everyone.map(({ name }) => name)
  if (options === 'help') console.log(usage(names, all))
  else process.exitCode = await bench(options)
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}

async function bench(options: BenchOptions): Promise<number> {
  const names = select('--only', everyone, options.only).map(each => each.name)
  const chosen = peers.filter(peer => names.includes(peer.name))
  const present = chosen.filter(peer => peer.missing === undefined)
  select('--scenario', all, options.scenarios)
  const isWanted = ({ name }: { name: string }) => options.scenarios.includes(name)
  const wanted = scenarios.filter(isWanted)
  const run = wanted.filter(({ load }) => load.kind !== 'http2' || h2load !== undefined)
  const closedLoad = chooseClosedLoad(options.load)
  const environment = describeEnvironment(present)
  const rig = await startRig(options.upstream, run)
  const entrants = new Entrants(rig.upstreams, rig.folder)
  try {
    // 1. What is measured, on what.
    const { processor, cores, memoryGiB, kernel, node, versions } = environment
    console.log(`${processor}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}`)
    console.log(`load: ${closedLoad.name}, upstream: ${rig.upstreamName}, ${describeCores()}`)
    for (const { name, title, missing } of chosen)
      console.log(
        `  ${name.padEnd(10)} ${missing === undefined ? `${versions[name]}: ${title}` : `skipped: ${missing}`}`,
      )

    for (const { name } of wanted)
      if (run.every(each => each.name !== name))
        console.log(`skipped: ${name} (h2load is not installed: apt-get install nghttp2-client)`)

    // 2. Scenario by scenario.
    const results: object[] = []
    let allRight = true
    for (const scenario of run) {
      const { name, title, peers: some, weight } = scenario
      const takesPart = (peer: string) => names.includes(peer) && (some === undefined || some.includes(peer))
      const those = present.filter(peer => takesPart(peer.name))
      const taking = await entrants.of(scenario, those, takesPart(direct.name))
      const length = weight === 'core' ? options.core : options.further
      const rounds = await runRounds(taking, { ...length, scenario, closedLoad, folder: rig.folder, progress })
      progress('')
      const rows = summarise(rounds)
      allRight &&= rows.every(row => row.wrong === undefined && row.errors === 0)
      console.log(`\n${name}: ${title}\n${length.rounds} rounds of ${length.seconds} s`)
      const rate = rows.find(row => row.rate !== undefined)?.rate?.median
      if (rate !== undefined) console.log(`rate: ${rate} requests/s for each`)
      const caution = cautionFor(Math.max(...scenario.cases.map(each => each.setup.workers)))
      if (caution !== undefined) console.log(`note: ${caution}`)
      console.log(`\n${table(rows)}`)
      const absent = names.filter(peer => !takesPart(peer))
      if (absent.length > 0) console.log(`skipped: ${absent.join(', ')} (not part of this scenario)`)
      results.push({ name, title, ...length, rows, rounds })
    }

    // 3. Slow clients, and in a whole run large sites.
    const slow: object[] = []
    for (const { name, title, load } of slowScenarios.filter(isWanted)) {
      const rows = await measureSlow(load, names)
      console.log(`\n${name}: ${title}\n${slowTable(rows)}`)
      slow.push({ name, title, rows })
    }
    const sites = wanted.length === scenarios.length && options.only.length === 0 ? await measureSites() : []
    if (sites.length > 0) console.log(`\nsites: start and reload of a large one\n${sitesTable(sites)}`)

    // 4. The file, for comparing and plotting.
    const document = {
      at: new Date().toISOString(),
      environment,
      load: closedLoad.name,
      upstream: rig.upstreamName,
      options,
    }
    mkdirSync(dirname(options.jsonFile), { recursive: true })
    writeFileSync(
      options.jsonFile,
      `${JSON.stringify({ ...document, scenarios: results, slow, sites }, undefined, 1)}\n`,
    )
    console.log(`\nfigures of every round: ${options.jsonFile}`)
    return allRight ? 0 : 1
  } finally {
    await entrants.close()
    await rig.stop()
  }
}

/** One line that overwrites itself, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`)
}
