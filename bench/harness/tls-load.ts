// Load over TLS: requests on kept connections from h2load (HTTP/1.1), handshakes one after the other from `openssl s_time`.
import { loadCores } from './cores.ts'
import { numbers, runH2load } from './http2-load.ts'
import type { Load, LoadRun } from './load.ts'
import { runToEnd } from './process.ts'

/** Neither tells percentiles. */
const NONE = { p50Ms: Number.NaN, p99Ms: Number.NaN, p999Ms: Number.NaN }

export const tlsLoad: Load = {
  name: 'h2load, openssl s_time',
  run: async run => {
    const { load } = run.scenario
    if (load.kind !== 'tls') throw new Error(`${run.scenario.name} is not of TLS`)
    return load.handshakes === 'once'
      ? runH2load(run, ['--h1'], 'https', run.connections)
      : handshakes(run, load.handshakes)
  },
}

/** Each counts as a request; nothing is sent on its connection. */
async function handshakes({ port, seconds, started, ended }: LoadRun, kind: 'full' | 'resumed') {
  started()
  // With TLS 1.3 it would leave before the ticket has come, and resume nothing.
  const how = kind === 'full' ? ['-new'] : ['-reuse', '-tls1_2']
  const command = ['openssl', 's_time', '-connect', `127.0.0.1:${port}`, ...how, '-time', String(seconds)]
  const stdout = await runToEnd(command, { cores: loadCores, timeoutMs: (seconds + 30) * 1000 })
  ended()
  const [connections] = numbers(/^(\d+) connections in \d+ real seconds/m, stdout)
  const counts = { requests: connections!, requestsPerS: connections! / seconds, errors: 0, bytesRead: 0 }
  return { ...counts, ...NONE, bodiesCompared: true }
}
