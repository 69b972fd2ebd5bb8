// `node bench/sites.ts [NAME,...]`: how long vigia (from its sources, and as packages have it), HAProxy and nginx take to start and to reload
// with a large site, and the memory that it takes; of vigia also how long its admin listener is silent meanwhile, and a scrape. Also part of a
// whole `npm run bench`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stageApp } from '../packaging/app.ts'
import { findProgram, freePorts, type Running, start, stopAll } from './harness/process.ts'
import { readUsage } from './harness/usage.ts'
import { haproxyMap, haproxySite, LARGE, nginxSite, type Site, vigiaSite } from './sites/large-site.ts'

interface Program {
  readonly name: string
  /** Undefined = not installed. @param folder where `write` has put its files */
  command(folder: string): string[] | undefined
  write(site: Site, folder: string): void
  readonly reloadSignal: NodeJS.Signals
}

export interface SiteFigures {
  readonly name: string
  /** To the first answer of the last route. */
  readonly startMs: number
  readonly startCpuMs: number
  readonly residentMiB: number
  /** More than with one route, one upstream and no window. */
  readonly addedMiB: number
  /** From the signal to an answer of a route that is new. */
  readonly reloadMs: number
  readonly reloadCpuMs: number
  /** vigia's admin listener: its slowest answer during the reload; a scrape, and its size. */
  readonly silentMs?: number
  readonly scrapeMs?: number
  readonly scrapeMiB?: number
}

const VIGIA = fileURLToPath(new URL('../bin/vigia.js', import.meta.url))
/** Between two questions to /healthz. */
const ASK_EVERY_MS = 10
const SMALL = { routes: 1, pools: 1, upstreams: 1, windows: 0 } as const
const LONGEST_MS = 180_000
const MIB = 1024 * 1024

/** @param app a folder where a package is unpacked */
const programsWith = (app: string): readonly Program[] => [
  vigia('sources', VIGIA),
  vigia('package', join(app, 'bin/vigia.js')),
  {
    name: 'haproxy',
    command: folder => installed('haproxy', '-W', '-db', '-f', join(folder, 'haproxy.cfg')),
    write: (site, folder) => {
      const map = join(folder, 'routes.map')
      writeFileSync(map, haproxyMap(site))
      writeFileSync(join(folder, 'haproxy.cfg'), haproxySite(site, map))
    },
    reloadSignal: 'SIGUSR2',
  },
  {
    name: 'nginx',
    command: folder => installed('nginx', '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')),
    write: (site, folder) => writeFileSync(join(folder, 'nginx.conf'), nginxSite(site, folder)),
    reloadSignal: 'SIGHUP',
  },
]

function vigia(form: 'sources' | 'package', entry: string): Program {
  return {
    name: `vigia (${form})`,
    command: folder => [process.execPath, entry, 'run', '-c', join(folder, 'vigia.yaml')],
    write: (site, folder) => writeFileSync(join(folder, 'vigia.yaml'), vigiaSite(site)),
    reloadSignal: 'SIGHUP',
  }
}

function installed(name: string, ...args: string[]): string[] | undefined {
  const program = findProgram(name)
  return program === undefined ? undefined : [program, ...args]
}

/** @param names beginnings of those that are wanted, "vigia", "vigia (pack" ...; none = all */
export async function measureSites(names: readonly string[] = []): Promise<SiteFigures[]> {
  const work = mkdtempSync(join(tmpdir(), 'vigia-sites-app-'))
  const app = join(work, 'app')
  const programs = programsWith(app).filter(
    ({ name }) => names.length === 0 || names.some(each => name.startsWith(each)),
  )
  if (programs.some(({ name }) => name === 'vigia (package)')) stageApp(app, false)
  const upstream = createServer((_, answer) => answer.end('ok')).listen(0, '0.0.0.0')
  await new Promise(resolve => upstream.once('listening', resolve))
  const upstreamPort = (upstream.address() as AddressInfo).port
  const figures: SiteFigures[] = []
  try {
    for (const program of programs) {
      const small = await measure(program, SMALL, upstreamPort)
      const large = await measure(program, LARGE, upstreamPort)
      if (small === undefined || large === undefined) console.log(`${program.name} skipped: not installed`)
      else figures.push({ ...large, addedMiB: large.residentMiB - small.residentMiB })
    }
  } finally {
    upstream.close()
    upstream.closeAllConnections()
    rmSync(work, { recursive: true, force: true })
  }
  return figures
}

async function measure(program: Program, size: typeof LARGE | typeof SMALL, upstreamPort: number) {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-sites-'))
  const command = program.command(folder)
  if (command === undefined) return undefined
  const [port = 0, adminPort = 0] = await freePorts(2)
  const site: Site = { ...size, port, adminPort, upstreamPort, mark: 'before' }
  program.write(site, folder)
  let running: Running | undefined
  try {
    let sinceMs = performance.now()
    running = start(command, { cores: '0,1', logFile: join(folder, 'log') })
    await serves(running, site)
    const startMs = performance.now() - sinceMs
    const startCpuMs = readUsage(running.pid).cpuUs / 1000
    // Probes have gone round once, and garbage of the start has been collected.
    await sleep(12_000)
    const residentMiB = readUsage(running.pid).rssBytes / MIB
    const isVigia = program.name.startsWith('vigia')
    const admin = isVigia ? await scrapeOf(adminPort) : {}

    const before = readUsage(running.pid).cpuUs
    const silence = isVigia ? watchSilence(adminPort) : undefined
    const after = { ...site, mark: 'after' }
    program.write(after, folder)
    sinceMs = performance.now()
    process.kill(running.pid, program.reloadSignal)
    await serves(running, after)
    const reloadMs = performance.now() - sinceMs
    const reloadCpuMs = (readUsage(running.pid).cpuUs - before) / 1000
    const silentMs = await silence?.()
    const silent = silentMs === undefined ? {} : { silentMs }
    return { name: program.name, startMs, startCpuMs, residentMiB, reloadMs, reloadCpuMs, ...admin, ...silent }
  } finally {
    await running?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Resolves when the last route answers. */
async function serves(running: Running, { port, mark }: Site): Promise<void> {
  const endMs = performance.now() + LONGEST_MS
  for (;;) {
    const answer = await ask(port, `/${mark}`, 'last.example.com').catch(() => undefined)
    if (answer?.status === 200) return
    if (running.exited() || performance.now() > endMs) throw new Error(`it does not serve: ${running.output()}`)
    await sleep(5)
  }
}

async function scrapeOf(port: number): Promise<{ scrapeMs: number; scrapeMiB: number }> {
  const took: number[] = []
  let bytes = 0
  for (let i = 0; i < 5; i += 1) {
    const sinceMs = performance.now()
    bytes = (await ask(port, '/metrics', '127.0.0.1')).bytes
    took.push(performance.now() - sinceMs)
  }
  return { scrapeMs: took.sort((a, b) => a - b)[2]!, scrapeMiB: bytes / MIB }
}

/** Asks /healthz all the time: without a pause it would be the questions that keep control busy. @returns ends it, and resolves with its slowest answer, ms */
function watchSilence(port: number): () => Promise<number> {
  let slowest = 0
  let ends = false
  const asking = (async () => {
    while (!ends) {
      const sinceMs = performance.now()
      // What ends it in between is told by who waits for the reload.
      await ask(port, '/healthz', '127.0.0.1').catch(() => {
        ends = true
      })
      slowest = Math.max(slowest, performance.now() - sinceMs)
      await sleep(ASK_EVERY_MS)
    }
  })()
  return async () => {
    ends = true
    await asking
    return slowest
  }
}

function ask(port: number, path: string, host: string): Promise<{ status: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    const sent = get({ host: '127.0.0.1', port, path, agent: false, headers: { host } }, answer => {
      let bytes = 0
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
  })
}

/** As lines of a table. */
export function sitesTable(figures: readonly SiteFigures[]): string {
  const whole = (value: number | undefined) => (value === undefined ? '' : value.toFixed(0)).padStart(10)
  const heads = ['start ms', 'CPU ms', 'reload ms', 'CPU ms', 'MiB', 'added MiB', 'silent ms', 'scrape ms', 'MiB']
  const lines = figures.map(each =>
    [
      ...[each.startMs, each.startCpuMs, each.reloadMs, each.reloadCpuMs, each.residentMiB, each.addedMiB],
      ...[each.silentMs, each.scrapeMs, each.scrapeMiB],
    ]
      .map(whole)
      .reduce((line, cell) => line + cell, each.name.padEnd(16)),
  )
  return [''.padEnd(16) + heads.map(head => head.padStart(10)).join(''), ...lines].join('\n')
}

if (import.meta.main) {
  try {
    console.log(sitesTable(await measureSites((process.argv[2] ?? '').split(',').filter(Boolean))))
  } finally {
    stopAll()
  }
}
