// Slow clients in front of a real server with four workers, while somebody clicks: how long does a click take, through vigia, nginx and
// HAProxy, and what does each slow client cost the proxy? Also two scenarios of `npm run bench`.
//
//   node bench/slow-clients.ts [gunicorn|uwsgi|starman|node ...] [--megabytes 60] [--clicks 100] [--readers 40] [--uploads 40]
//                              [--settle SECONDS] [--only vigia,nginx,haproxy]

import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { list, whole } from './harness/options.ts'
import { findProgram, freePorts, type Running, start, stopAll } from './harness/process.ts'
import { readUsage } from './harness/usage.ts'
import { proxies, type SlowPeer } from './slow-clients/proxies.ts'
import { type Server, servers, usualServer } from './slow-clients/servers.ts'

export interface SlowLoad {
  readonly readers: number
  readonly uploads: number
  /** Of each report. */
  readonly megabytes: number
  readonly clicks: number
  /** Until the clicks: the reports have to be made first, whoever waits for them. */
  readonly settleS: number
}

export interface SlowFigures {
  readonly server: string
  readonly proxy: string
  /** Fewer than asked for where three have failed. */
  readonly clicks: number
  /** Of a click; CLICK_TIMEOUT_MS = it has failed. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** More resident memory with the first slow client, as of a thread that writes files; with each other one; and with each of as many more. */
  readonly firstMiB: number
  readonly eachKiB: number
  readonly moreKiB: number
}

const READ_BYTES = 20_000
const UPLOAD_BYTES = 1_000_000
const CLICK_TIMEOUT_MS = 5000
const FIRST_SETTLE_MS = 3000
const usual = { megabytes: 20, clicks: 60, settleS: 10 }

/** As scenarios of `npm run bench`. */
export const slowScenarios = [
  {
    name: 'slow-readers',
    title: `40 clients read ${usual.megabytes} MiB each at 20 kB/s from a server with four workers, while somebody clicks`,
    weight: 'further',
    load: { ...usual, readers: 40, uploads: 0 },
  },
  {
    name: 'slow-uploads',
    title: '40 clients upload at 1 kB/s to a server with four workers, while somebody clicks',
    weight: 'further',
    load: { ...usual, readers: 0, uploads: 40 },
  },
] as const

/** One click on a connection of its own, ms. */
function click(port: number): Promise<number> {
  const beganMs = performance.now()
  return new Promise(resolve => {
    const options = { port, host: '127.0.0.1', path: '/', agent: new Agent(), timeout: CLICK_TIMEOUT_MS }
    const request = get(options, answer => {
      const took = () => (answer.statusCode === 200 ? performance.now() - beganMs : CLICK_TIMEOUT_MS)
      answer.resume().on('end', () => resolve(took()))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(CLICK_TIMEOUT_MS))
  })
}

async function ready(port: number, running: Running): Promise<void> {
  for (let tries = 0; tries < 300 && !running.exited(); tries += 1) {
    if ((await click(port)) < CLICK_TIMEOUT_MS) return
    await sleep(200)
  }
  throw new Error(`nothing answers on port ${port}: ${running.output()}`)
}

function slowReader(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /report HTTP/1.1\r\nHost: erp\r\n\r\n')
  socket.on('readable', () => {})
  const timer = setInterval(() => socket.read(Math.min(READ_BYTES, socket.readableLength) || undefined), 1000)
  socket.on('close', () => clearInterval(timer))
  return socket
}

function slowUpload(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  socket.write(`POST /upload HTTP/1.1\r\nHost: erp\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`)
  const timer = setInterval(() => socket.write(Buffer.alloc(1000)), 1000)
  socket.on('close', () => clearInterval(timer))
  return socket
}

/** A proxy that is not installed is left out, with a word. @param only proxies; empty = all */
export async function measureSlow(load: SlowLoad, only: readonly string[], server = usualServer()) {
  const figures: SlowFigures[] = []
  for (const proxy of proxies.filter(({ name }) => only.length === 0 || only.includes(name))) {
    if (proxy.name !== 'vigia' && findProgram(proxy.name) === undefined)
      console.log(`${proxy.name} skipped: not installed`)
    else figures.push(await trial(server, proxy, load))
  }
  return figures
}

async function trial(server: Server, proxy: SlowPeer, load: SlowLoad): Promise<SlowFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-slow-'))
  chmodSync(folder, 0o755) // nginx started by root writes its files as another user
  const [upstream = 0, port = 0, admin = 0] = await freePorts(3)
  const run = (name: string, command: readonly string[]) => {
    const [program = '', ...args] = command
    return start([findProgram(program) ?? program, ...args], { cores: '0,1', logFile: join(folder, `${name}.log`) })
  }
  const node = run('server', server.command(upstream, folder, load.megabytes))
  const front = run('proxy', proxy.command({ port, upstream, admin }, folder, server))
  const sockets: Socket[] = []
  const resident = () => readUsage(front.pid).rssBytes
  const add = (count: number, open: (port: number) => Socket) => {
    for (let i = 0; i < count; i += 1) sockets.push(open(port))
  }
  try {
    await ready(upstream, node)
    await ready(port, front)
    // Those before anybody is slow: from these vigia learns what it has behind it.
    for (let i = 0; i < 30; i += 1) await click(port)
    const before = resident()
    const first = { readers: Math.min(1, load.readers), uploads: Math.min(1, load.uploads) }
    add(first.readers, slowReader)
    add(first.uploads, slowUpload)
    await sleep(FIRST_SETTLE_MS)
    const shared = resident()
    add(load.readers - first.readers, slowReader)
    add(load.uploads - first.uploads, slowUpload)
    await sleep(load.settleS * 1000)
    const times: number[] = []
    for (let i = 0; i < load.clicks && times.filter(each => each >= CLICK_TIMEOUT_MS).length < 3; i += 1) {
      times.push(await click(port))
      await sleep(20)
    }
    const all = resident()
    add(load.readers, slowReader)
    add(load.uploads, slowUpload)
    await sleep(load.settleS * 1000)
    times.sort((a, b) => a - b)
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!
    const others = load.readers + load.uploads - first.readers - first.uploads
    return {
      server: server.name,
      proxy: proxy.name,
      clicks: times.length,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      firstMiB: (shared - before) / 1024 ** 2,
      eachKiB: (all - shared) / 1024 / Math.max(1, others),
      moreKiB: (resident() - all) / 1024 / (load.readers + load.uploads),
    }
  } finally {
    for (const socket of sockets) socket.destroy()
    await Promise.all([front.stop(), node.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
}

export function slowTable(figures: readonly SlowFigures[]): string {
  const rows = figures.map(
    ({ server, proxy, clicks, p50Ms, p99Ms, firstMiB, eachKiB, moreKiB }) =>
      `| ${server} | ${proxy} | ${clicks} | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} | ${firstMiB.toFixed(1)} | ${Math.round(eachKiB)} | ${Math.round(moreKiB)} |`,
  )
  const head =
    '| server | through | clicks | p50 ms | p99 ms | the first, MiB | each other, KiB | as many more, KiB each |\n|---|---|--:|--:|--:|--:|--:|--:|'
  return [head, ...rows].join('\n')
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      megabytes: { type: 'string', default: '60' },
      clicks: { type: 'string', default: '100' },
      readers: { type: 'string', default: '40' },
      uploads: { type: 'string', default: '40' },
      settle: { type: 'string', default: '15' },
      only: { type: 'string', default: '' },
    },
    allowPositionals: true,
  })
  const load = {
    readers: Number(values.readers),
    uploads: Number(values.uploads),
    megabytes: whole('--megabytes', values.megabytes),
    clicks: whole('--clicks', values.clicks),
    settleS: whole('--settle', values.settle),
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  process.once('exit', stopAll)
  console.log(
    `${load.readers} readers of ${load.megabytes} MiB at 20 kB/s, ${load.uploads} uploads at 1 kB/s; a click that takes ${CLICK_TIMEOUT_MS} ms has failed`,
  )
  const asked = servers.filter(({ name }) => (positionals.length === 0 ? name !== 'node' : positionals.includes(name)))
  for (const server of asked) console.log(slowTable(await measureSlow(load, list(values.only), server)))
}

if (import.meta.main) await main()
