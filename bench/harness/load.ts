// Drives one run of load against a port and returns what the load generator saw. wrk where installed, else autocannon.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Scenario, wireHeaders, wireRequest } from '../scenarios/scenario.ts'
import { findProgram, runToEnd } from './process.ts'

export interface LoadResult {
  readonly requests: number
  readonly requestsPerS: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** Connect, read, write and timeout errors, and answers with an unexpected status. */
  readonly errors: number
  /** Bytes read, heads included: tells an empty answer from a whole one. */
  readonly bytesRead: number
}

export interface LoadRun {
  readonly scenario: Scenario
  readonly port: number
  /** Whole seconds. */
  readonly seconds: number
  readonly core: number
  /** Folder for generated files. */
  readonly folder: string
}

export interface Load {
  readonly name: 'wrk' | 'autocannon'
  run(run: LoadRun): Promise<LoadResult>
}

const mark = 'RESULT '

/** Throws where the one that was asked for is not installed. */
export function chooseLoad(wanted: 'auto' | 'wrk' | 'autocannon'): Load {
  const wrk = wanted === 'autocannon' ? undefined : findProgram('wrk')
  if (wrk !== undefined) return { name: 'wrk', run: run => runWrk(wrk, run) }
  if (wanted === 'wrk') throw new Error('wrk is not installed: apt-get install wrk, or use --load autocannon')
  return { name: 'autocannon', run: runAutocannon }
}

async function runWrk(wrk: string, { scenario, port, seconds, core, folder }: LoadRun): Promise<LoadResult> {
  const script = join(folder, `${scenario.name}.lua`)
  writeFileSync(script, wrkScript(scenario))
  const url = `http://127.0.0.1:${port}${scenario.request.path}`
  const args = ['-t1', `-c${scenario.connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', script]
  const stdout = await runToEnd([wrk, ...args, url], { core, timeoutMs: (seconds + 30) * 1000 })
  const line = stdout.split('\n').find(text => text.startsWith(mark))
  if (line === undefined) throw new Error(`wrk printed no result: ${stdout.trim()}`)
  return JSON.parse(line.slice(mark.length))
}

/** The request is given to wrk as finished bytes: it neither builds it anew each time nor reorders its headers. */
function wrkScript({ request }: Scenario): string {
  const bytes = [...Buffer.from(wireRequest(request))].map(byte => `\\${String(byte).padStart(3, '0')}`).join('')
  return `
local bytes = "${bytes}"
wrk.format = function() return bytes end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\n${mark}{"requests":%d,"requestsPerS":%.1f,"p50Ms":%.3f,"p99Ms":%.3f,"p999Ms":%.3f,"errors":%d,"bytesRead":%.0f}\\n',
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency:percentile(99.9) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout, summary.bytes))
end
`
}

interface AutocannonReport {
  readonly requests: { readonly total: number; readonly average: number }
  readonly latency: { readonly p50: number; readonly p99: number; readonly p99_9: number }
  readonly throughput: { readonly total: number }
  readonly errors: number
  readonly timeouts: number
  readonly non2xx: number
}

async function runAutocannon({ scenario, port, seconds, core }: LoadRun): Promise<LoadResult> {
  const { request, connections } = scenario
  const program = createRequire(import.meta.url).resolve('autocannon/autocannon.js')
  const headers = wireHeaders(request)
    .filter(([name]) => name !== 'Content-Length' && name !== 'Connection')
    .flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const body = request.body === undefined ? [] : ['-b', request.body]
  const url = `http://127.0.0.1:${port}${request.path}`
  const args = ['-j', '-c', String(connections), '-d', String(seconds), '-m', request.method, ...headers, ...body, url]
  const command = [process.execPath, program, ...args]
  const report: AutocannonReport = JSON.parse(await runToEnd(command, { core, timeoutMs: (seconds + 30) * 1000 }))
  return {
    requests: report.requests.total,
    requestsPerS: report.requests.average,
    p50Ms: report.latency.p50,
    p99Ms: report.latency.p99,
    p999Ms: report.latency.p99_9,
    errors: report.errors + report.timeouts + report.non2xx,
    bytesRead: report.throughput.total,
  }
}
