// `node bench/compare.ts A [B]`: two revisions of vigia in one run, interleaved; a verdict only where the difference exceeds the noise
// (harness/verdict.ts says how). B is the working tree unless given.
// Exit 0 = B is faster, or no difference beyond the noise; 1 = B is slower, or answered wrongly; 2 = it could not be measured.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Checkout, checkOut, workingTree } from './harness/checkout.ts'
import { chooseClosedLoad, loadFor } from './harness/choose-load.ts'
import { type Contestant, measure, startContestant, type Wrong } from './harness/contestant.ts'
import { describeCores } from './harness/cores.ts'
import { portsFor } from './harness/entrants.ts'
import { list, select, whole } from './harness/options.ts'
import { type Rig, startRig } from './harness/rig.ts'
import { judge, leastRatio, type Verdict } from './harness/verdict.ts'
import { vigia } from './peers/vigia.ts'
import { scenarios } from './scenarios/all.ts'
import type { Scenario } from './scenarios/scenario.ts'

const usage = `node bench/compare.ts A [B] [options]      A, B: git revisions, or ${workingTree} (B's default)
  --scenario A,B   default: small-get,json-rpc
  --blocks N       starts of both revisions, at least 2 (default 6)
  --pairs N        pairs of runs in each block (default 8)
  --seconds S      seconds of load in each run (default 1)
  --json FILE      also write the figures there`

const warmUpSeconds = 3

/** A revision that answers wrongly is a result, not a failure to measure. */
class WrongAnswer extends Error {}

interface Options {
  readonly blocks: number
  readonly pairs: number
  readonly seconds: number
  readonly jsonFile: string | undefined
}

interface Pair {
  readonly a: number
  readonly b: number
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      scenario: { type: 'string', default: 'small-get,json-rpc' },
      blocks: { type: 'string', default: '6' },
      pairs: { type: 'string', default: '8' },
      seconds: { type: 'string', default: '1' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [a, b = workingTree] = positionals
  if (values.help) console.log(usage)
  else if (a === undefined || positionals.length > 2) throw new Error(`name one or two revisions\n${usage}`)
  else {
    const options = {
      blocks: Math.max(2, whole('--blocks', values.blocks)),
      pairs: whole('--pairs', values.pairs),
      seconds: whole('--seconds', values.seconds),
      jsonFile: values.json,
    }
    process.exitCode = await compare([a, b], comparable(list(values.scenario)), options)
  }
} catch (error) {
  console.error(`compare: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 2
}

/** Closed loops only: at a fixed rate the cost of a request depends on how much is waited between them. */
function comparable(names: readonly string[]): Scenario[] {
  const chosen = select('--scenario', scenarios, names)
  for (const { name, load } of chosen)
    if (load.kind === 'fixed-rate' || load.kind === 'share-of-capacity')
      throw new Error(`${name} runs at a fixed rate and can't be compared; use npm run bench -- --scenario ${name}`)
  return chosen
}

async function compare(revisions: readonly [string, string], chosen: readonly Scenario[], options: Options) {
  const rig = await startRig('auto', chosen)
  const checkouts: Checkout[] = []
  try {
    for (const [i, revision] of revisions.entries())
      checkouts.push(checkOut(revision, join(rig.folder, `revision-${i}`)))
    const [a, b] = checkouts as [Checkout, Checkout]
    console.log(`A: ${a.title}\nB: ${b.title}\n${describeCores()}`)
    const { blocks, pairs, seconds } = options
    console.log(
      `${blocks} blocks (starts of both) of ${pairs} pairs of ${seconds} s each; below x${leastRatio} is no difference\n`,
    )
    const results = []
    for (const scenario of chosen) {
      const measured: Pair[][] = []
      for (let block = 0; block < blocks; block++) {
        measured.push(await runBlock(rig, [a, b], scenario, { ...options, bFirst: block % 2 === 1 }))
        const ratios = measured.at(-1)?.map(pair => (pair.b / pair.a).toFixed(3))
        console.log(`  ${scenario.name}, block ${block + 1}/${blocks}: B / A = ${ratios?.join(' ')}`)
      }
      const verdict = judge(measured.map(pairsOfBlock => pairsOfBlock.map(pair => pair.b / pair.a)))
      console.log(`${describe(scenario.name, measured.flat(), verdict)}\n`)
      results.push({ scenario: scenario.name, verdict, blocks: measured })
    }
    if (options.jsonFile !== undefined)
      writeFileSync(options.jsonFile, `${JSON.stringify({ a: a.title, b: b.title, results }, undefined, 1)}\n`)
    return results.some(({ verdict }) => verdict.says === 'slower') ? 1 : 0
  } catch (error) {
    if (!(error instanceof WrongAnswer)) throw error
    console.error(`compare: ${error.message}`)
    return 1
  } finally {
    await rig.stop()
    for (const checkout of checkouts) checkout.remove()
  }
}

/** CPU per request of each pair. The order within a pair alternates: what drifts favours neither. */
async function runBlock(
  rig: Rig,
  [a, b]: readonly [Checkout, Checkout],
  scenario: Scenario,
  { pairs, seconds, bFirst }: Options & { readonly bFirst: boolean },
): Promise<Pair[]> {
  const both: Contestant[] = []
  try {
    for (const [name, { folder, title }] of [
      ['a', a],
      ['b', b],
    ] as const) {
      const started = await startContestant(vigia(`vigia-${name}`, folder), caseOf(scenario), {
        upstreamPorts: portsFor(rig.upstreams, caseOf(scenario), scenario),
        folder: rig.folder,
        scenario,
      })
      both.push(orThrow(title, started))
    }
    const [runA, runB] = both as [Contestant, Contestant]
    const cpuOf = async (contestant: Contestant, title: string, length: number) =>
      orThrow(title, await run(contestant, rig, scenario, length)).cpuUs ?? Number.NaN
    await cpuOf(runA, a.title, warmUpSeconds)
    await cpuOf(runB, b.title, warmUpSeconds)
    const measured: Pair[] = []
    for (let pair = 0; pair < pairs; pair++) {
      if ((pair % 2 === 1) === bFirst) {
        const first = await cpuOf(runA, a.title, seconds)
        measured.push({ a: first, b: await cpuOf(runB, b.title, seconds) })
      } else {
        const first = await cpuOf(runB, b.title, seconds)
        measured.push({ a: await cpuOf(runA, a.title, seconds), b: first })
      }
    }
    return measured
  } finally {
    await Promise.all(both.map(({ running }) => running?.stop()))
  }
}

function run(contestant: Contestant, { folder }: Rig, scenario: Scenario, seconds: number) {
  const { connections } = scenario
  const load = loadFor(scenario.load, chooseClosedLoad('auto'))
  return measure(contestant, {
    scenario,
    load,
    seconds,
    ratePerS: 0,
    connections,
    scrapeEveryMs: 0,
    reload: 'never',
    folder,
  })
}

/** The last, where there are several: it is the one that asks for something. */
function caseOf({ cases }: Scenario) {
  const last = cases.at(-1)
  if (last === undefined) throw new Error('a scenario without a case')
  return last
}

function orThrow<T extends object>(title: string, result: T | Wrong): T {
  if ('wrong' in result) throw new WrongAnswer(`${title}: ${result.wrong}`)
  if ('errors' in result && result.errors !== 0) throw new WrongAnswer(`${title}: ${result.errors} errors under load`)
  return result as T
}

function describe(name: string, pairs: readonly Pair[], { ratio, low, high, says }: Verdict): string {
  const mean = (values: readonly number[]) => (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(1)
  const [a, b] = [mean(pairs.map(pair => pair.a)), mean(pairs.map(pair => pair.b))]
  const interval = `x${ratio.toFixed(3)} (95 %: ${low.toFixed(3)} to ${high.toFixed(3)})`
  const verdict = says.startsWith('no') ? says : `B is ${says}`
  return `${name}: A ${a}, B ${b} us CPU per request, ${interval}: ${verdict}`
}
