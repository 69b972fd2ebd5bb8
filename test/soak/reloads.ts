// A soak for people: `node test/soak/reloads.ts --reloads 200 --sockets 200`. Reloads a real vigia under load, by every way in which a
// file is replaced and by SIGHUP; no request may fail, no WebSocket end, and memory must stay flat.

import { parseArgs } from 'node:util'
import { isFlat, runReloads } from './reload-run.ts'

const { values } = parseArgs({
  options: {
    reloads: { type: 'string', default: '200' },
    sockets: { type: 'string', default: '200' },
    clients: { type: 'string', default: '16' },
  },
})
const result = await runReloads({
  reloads: Number(values.reloads),
  sockets: Number(values.sockets),
  clients: Number(values.clients),
  onProgress: line => console.log(line),
})
const megabytes = (bytes: number | undefined) => `${Math.round((bytes ?? 0) / 1e6)} MB`
const flat = isFlat(result.resident)
console.log(`
requests          ${result.requests}, of which failed ${result.failed.length}
WebSockets        ${values.sockets}, ${result.echoes} echoes, dropped ${result.dropped.length}
GOAWAYs           ${result.toldToGo}
slowest reload    ${Math.round(result.slowestReloadMs)} ms until every worker had it
resident memory   ${megabytes(result.resident[0])} after the first, ${megabytes(result.resident.at(-1))} after the last reload: ${flat ? 'flat' : 'GROWS'}`)
for (const line of [...result.failed, ...result.dropped].slice(0, 20)) console.log(line)
process.exit(result.failed.length + result.dropped.length === 0 && flat ? 0 : 1)
