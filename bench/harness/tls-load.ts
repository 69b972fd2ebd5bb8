// Load over TLS: requests on kept connections from h2load (HTTP/1.1), handshakes one after the other from `openssl s_time`.
import { wireHeaders } from '../scenarios/scenario.ts'
import { loadCores } from './cores.ts'
import { h2load, NOT_SENT, numbers } from './http2-load.ts'
import type { Load, LoadRun } from './load.ts'
import { runToEnd } from './process.ts'

/** Neither tells percentiles. */
const NONE = { p50Ms: Number.NaN, p99Ms: Number.NaN, p999Ms: Number.NaN }

export const tlsLoad: Load = {
  name: 'h2load, openssl s_time',
  run: async run => {
    const { load } = run.scenario
    if (load.kind !== 'tls') throw new Error(`${run.scenario.name} is not of TLS`)
    return load.handshakes === 'once' ? requests(run) : handshakes(run, load.handshakes)
  },
}

async function requests({ scenario, port, seconds, connections, started, ended }: LoadRun) {
  if (h2load === undefined) throw new Error('h2load is not installed: apt-get install nghttp2-client')
  const args = ['--h1', '-t1', `-c${connections}`, '-D', String(seconds)]
  for (const [name, value] of wireHeaders(scenario.request))
    if (!NOT_SENT.includes(name.toLowerCase())) args.push('-H', `${name}: ${value}`)
  started()
  const command = [h2load, ...args, `https://127.0.0.1:${port}${scenario.request.path}`]
  const stdout = await runToEnd(command, { cores: loadCores, timeoutMs: (seconds + 30) * 1000 })
  ended()
  const [done, failed] = numbers(/^requests: .* (\d+) succeeded, (\d+) failed/m, stdout)
  const [ok] = numbers(/^status codes: (\d+) 2xx/m, stdout)
  const [bytesRead] = numbers(/^traffic: .*\((\d+)\) total/m, stdout)
  const errors = failed! + Math.max(0, done! - ok!)
  const counts = { requests: ok!, requestsPerS: ok! / seconds, errors, bytesRead: bytesRead!, bodiesCompared: false }
  return { ...counts, ...NONE, cutOff: connections }
}

/** Each counts as a request; nothing is sent on its connection. */
async function handshakes({ port, seconds, started, ended }: LoadRun, kind: 'full' | 'resumed') {
  started()
  const how = kind === 'full' ? '-new' : '-reuse'
  const command = ['openssl', 's_time', '-connect', `127.0.0.1:${port}`, how, '-time', String(seconds)]
  const stdout = await runToEnd(command, { cores: loadCores, timeoutMs: (seconds + 30) * 1000 })
  ended()
  const [connections] = numbers(/^(\d+) connections in \d+ real seconds/m, stdout)
  const counts = { requests: connections!, requestsPerS: connections! / seconds, errors: 0, bytesRead: 0 }
  return { ...counts, ...NONE, bodiesCompared: true }
}
