// Closed-loop load over HTTP/2 from h2load: as many requests as the streams of its connections carry.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { wireHeaders } from '../scenarios/scenario.ts'
import { loadCores } from './cores.ts'
import type { Load } from './load.ts'
import { findProgram, runToEnd } from './process.ts'

/** Belong to HTTP/1.1, or are h2load's own to say. */
export const NOT_SENT = ['host', 'connection', 'content-length']

/** Undefined where it is not installed. */
export const h2load: string | undefined = findProgram('h2load')

export const http2Load: Load = {
  name: 'h2load',
  run: async ({ scenario, port, seconds, connections, folder, started, ended }) => {
    const { request, load } = scenario
    if (h2load === undefined) throw new Error('h2load is not installed: apt-get install nghttp2-client')
    if (load.kind !== 'http2') throw new Error(`${scenario.name} is not of HTTP/2`)
    const args = ['-t1', `-c${connections}`, `-m${load.streams}`, '-D', String(seconds)]
    for (const [name, value] of wireHeaders(request))
      if (!NOT_SENT.includes(name.toLowerCase())) args.push('-H', `${name}: ${value}`)
    if (request.body !== undefined) {
      const body = join(folder, `${scenario.name}.body`)
      writeFileSync(body, request.body)
      args.push('-d', body)
    }
    started()
    const command = [h2load, ...args, `http://127.0.0.1:${port}${request.path}`]
    const stdout = await runToEnd(command, { cores: loadCores, timeoutMs: (seconds + 30) * 1000 })
    ended()
    const [done, failed] = numbers(/^requests: .* (\d+) succeeded, (\d+) failed/m, stdout)
    const [ok] = numbers(/^status codes: (\d+) 2xx/m, stdout)
    const [bytesRead] = numbers(/^traffic: .*\((\d+)\) total/m, stdout)
    // It tells a mean and a deviation of latencies, but no percentiles.
    const none = { p50Ms: Number.NaN, p99Ms: Number.NaN, p999Ms: Number.NaN }
    const errors = failed! + Math.max(0, done! - ok!)
    const counts = { requests: ok!, requestsPerS: ok! / seconds, errors, bytesRead: bytesRead!, bodiesCompared: false }
    // Its bytes are those of the time alone, its requests also those that end a moment later.
    return { ...counts, ...none, cutOff: connections * load.streams }
  },
}

export function numbers(pattern: RegExp, text: string): number[] {
  const match = pattern.exec(text)
  if (match === null) throw new Error(`h2load printed no result: ${text.trim()}`)
  return match.slice(1).map(Number)
}
