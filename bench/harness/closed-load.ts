// Closed-loop load from wrk, or from autocannon where wrk is not installed: as many requests as the connections carry.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { LoadResult } from '../load/result.ts'
import { type Scenario, wireHeaders, wireRequest } from '../scenarios/scenario.ts'
import { loadCores } from './cores.ts'
import type { Load, LoadRun } from './load.ts'
import { runToEnd } from './process.ts'

const mark = 'RESULT '

export function wrk(program: string): Load {
  return {
    name: 'wrk',
    run: async run => {
      const { scenario, port, seconds, connections, folder } = run
      const url = `http://127.0.0.1:${port}${scenario.request.path}`
      const script = writeScript(scenario, folder)
      const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', '-s', script]
      const stdout = await measured([program, ...args, url], run)
      const line = stdout.split('\n').find(text => text.startsWith(mark))
      if (line === undefined) throw new Error(`wrk printed no result: ${stdout.trim()}`)
      const result: LoadResult = JSON.parse(line.slice(mark.length))
      // wrk times whole batches of pipelined requests and then corrects them by the interval of single ones: no figure at all.
      const pipelined = scenario.load.kind === 'closed' && scenario.load.pipelined > 1
      const none = pipelined ? { p50Ms: Number.NaN, p99Ms: Number.NaN, p999Ms: Number.NaN } : {}
      return { ...result, ...none, bodiesCompared: false }
    },
  }
}

/** The request is given to wrk as finished bytes: it neither builds it anew each time nor reorders its headers. */
function writeScript({ name, request, load }: Scenario, folder: string): string {
  const [bytes, script] = [join(folder, `${name}.request`), join(folder, `${name}.lua`)]
  writeFileSync(bytes, wireRequest(request))
  const pipelined = load.kind === 'closed' ? load.pipelined : 1
  const text = `
local file = assert(io.open(${JSON.stringify(bytes)}, "rb"))
local bytes = string.rep(file:read("*a"), ${pipelined})
file:close()
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
  writeFileSync(script, text)
  return script
}

interface AutocannonReport {
  readonly requests: { readonly total: number; readonly average: number }
  readonly latency: { readonly p50: number; readonly p99: number; readonly p99_9: number }
  readonly throughput: { readonly total: number }
  readonly errors: number
  readonly timeouts: number
  readonly non2xx: number
}

export const autocannon: Load = {
  name: 'autocannon',
  run: async run => {
    const { scenario, port, seconds, connections, folder } = run
    const { request, load } = scenario
    const program = createRequire(import.meta.url).resolve('autocannon/autocannon.js')
    const args = ['-j', '-c', String(connections), '-d', String(seconds), '-m', request.method]
    for (const [name, value] of wireHeaders(request))
      if (name !== 'Content-Length' && name !== 'Connection') args.push('-H', `${name}: ${value}`)
    if (request.body !== undefined) {
      const body = join(folder, `${scenario.name}.body`)
      writeFileSync(body, request.body)
      args.push('-i', body)
    }
    if (load.kind === 'closed' && load.pipelined > 1) args.push('-p', String(load.pipelined))
    if (load.kind === 'closed' && load.perConnection === 'one-request') args.push('-H', 'Connection: close')
    const url = `http://127.0.0.1:${port}${request.path}`
    const report: AutocannonReport = JSON.parse(await measured([process.execPath, program, ...args, url], run))
    return {
      requests: report.requests.total,
      requestsPerS: report.requests.average,
      p50Ms: report.latency.p50,
      p99Ms: report.latency.p99,
      p999Ms: report.latency.p99_9,
      errors: report.errors + report.timeouts + report.non2xx,
      bytesRead: report.throughput.total,
      bodiesCompared: false,
    }
  },
}

async function measured(command: readonly string[], { seconds, started, ended }: LoadRun): Promise<string> {
  started()
  const stdout = await runToEnd(command, { cores: loadCores, timeoutMs: (seconds + 30) * 1000 })
  ended()
  return stdout
}
