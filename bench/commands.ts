// `node bench/commands.ts [ROUNDS]`: how long commands take as whole processes, and a start to its first answer, from the sources and as
// packages have them; medians, in turns.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stageApp } from '../packaging/app.ts'
import { freePorts } from './harness/process.ts'
import { spread } from './harness/stats.ts'
import { readUsage } from './harness/usage.ts'

interface Figure {
  readonly ms: number
  readonly cpuMs: number
}

const SOURCES = fileURLToPath(new URL('../bin/vigia.js', import.meta.url))
const FIRST_ANSWER = 'run, to its first answer'
const LONGEST_MS = 60_000
/** Between two looks whether it answers. */
const LOOK_MS = 2

const rounds = Number(process.argv[2] ?? 11)
const folder = mkdtempSync(join(tmpdir(), 'vigia-commands-'))
const upstream = createServer((_, answer) => answer.end('ok')).listen(0, '127.0.0.1')
try {
  await new Promise(resolve => upstream.once('listening', resolve))
  stageApp(join(folder, 'app'), false)
  report(await measure({ sources: SOURCES, package: join(folder, 'app/bin/vigia.js') }))
} finally {
  upstream.close()
  rmSync(folder, { recursive: true })
}

async function measure(programs: Readonly<Record<string, string>>): Promise<Map<string, Figure[]>> {
  const [web, admin] = await freePorts(2)
  const configuration = join(folder, 'vigia.yaml')
  writeFileSync(
    configuration,
    `workers: 1
listeners: [{ name: web, address: "127.0.0.1:${web}" }]
routes: [{ pool: erp }]
pools: { erp: { upstreams: [{ name: erp-1, url: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}" }] } }
admin: { address: "127.0.0.1:${admin}" }
`,
  )
  const figures = new Map<string, Figure[]>()
  // The first round is not counted: what is compiled is kept by it.
  for (let round = 0; round <= rounds; round += 1)
    for (const [form, program] of Object.entries(programs)) {
      const keep = (what: string, figure: Figure) => {
        const name = `${what} (${form})`
        if (round > 0) figures.set(name, [...(figures.get(name) ?? []), figure])
      }
      keep('--version', await runToEnd(program, ['--version']))
      keep('--help', await runToEnd(program, ['--help']))
      keep('check', await runToEnd(program, ['check', '-c', configuration]))
      const running = await firstAnswer(program, configuration, web!)
      keep(FIRST_ANSWER, running)
      keep('status', await runToEnd(program, ['status', '--admin', `127.0.0.1:${admin}`]))
      await running.stop()
    }
  return figures
}

async function runToEnd(program: string, args: readonly string[]): Promise<Figure> {
  const startMs = performance.now()
  // The shell tells what its children have used.
  const child = spawn('sh', ['-c', '"$@" >&2 && times', 'sh', process.execPath, program, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let times = ''
  child.stdout.on('data', text => {
    times += text
  })
  const code = await new Promise(resolve => child.once('close', resolve))
  if (code !== 0) throw new Error(`vigia ${args.join(' ')} ended with ${code}`)
  return { ms: performance.now() - startMs, cpuMs: childrenMs(times) }
}

/** @param times as POSIX has it: a line for the shell, and one for its children, each of user and system */
function childrenMs(times: string): number {
  const parts = times.split('\n')[1]!.matchAll(/(\d+)m([\d.]+)s/g)
  return [...parts].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000, 0)
}

async function firstAnswer(program: string, configuration: string, port: number) {
  const startMs = performance.now()
  const child = spawn(process.execPath, [program, 'run', '-c', configuration], { stdio: 'ignore' })
  const ended = new Promise(resolve => child.once('exit', resolve))
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() - startMs > LONGEST_MS)
      throw new Error(`${program} does not answer`)
    await sleep(LOOK_MS)
  }
  const figure = { ms: performance.now() - startMs, cpuMs: readUsage(child.pid!).cpuUs / 1000 }
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  return { ...figure, stop }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    get({ host: '127.0.0.1', port, agent: false }, answer => {
      answer.resume()
      resolve(answer.statusCode === 200)
    }).on('error', () => resolve(false))
  })
}

function report(figures: Map<string, Figure[]>): void {
  console.log(`| | wall clock, ms | CPU, ms |\n|---|--:|--:|`)
  for (const [name, all] of figures) {
    const [ms, cpuMs] = [spread(all.map(each => each.ms)), spread(all.map(each => each.cpuMs))]
    console.log(`| ${name} | ${ms?.median.toFixed(0)} | ${cpuMs?.median.toFixed(0)} |`)
  }
}
