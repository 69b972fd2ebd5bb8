// A soak for people: `node test/soak/certificate-swaps.ts --seconds 20 --every 200`. Certificates and the ticket key of a real vigia are replaced
// again and again, while clients come by HTTP/1.1 and HTTP/2 over TLS with full and resumed handshakes; no request may fail.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { parseArgs } from 'node:util'
import type { Carrier } from '../support/carriers/carrier.ts'
import { H1Carrier } from '../support/carriers/h1-carrier.ts'
import { H2Carrier } from '../support/carriers/h2-carrier.ts'
import { type MadeCertificate, makeCertificate } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { startHttpUpstream } from '../support/http-upstream.ts'
import { sleep, until } from '../support/until.ts'
import { startVigia } from '../support/vigia.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    every: { type: 'string', default: '200' },
    clients: { type: 'string', default: '6' },
  },
})
const NAME = 'swaps.example'
/** Each swap in so many brings another ticket key as well. */
const TICKET_KEY_EVERY = 5

const folder = await mkdtemp(join(tmpdir(), 'vigia-swaps-'))
const by = await makeCertificate({ subject: 'CN=Swaps', isAuthority: true })
const all = await Promise.all([1, 2, 3].map(() => makeCertificate({ names: [NAME], by })))
const trust = { ca: by.cert, servername: NAME }
const [certFile, keyFile, ticketKeyFile] = ['cert.pem', 'key.pem', 'ticket.key'].map(name => join(folder, name)) as [
  string,
  string,
  string,
]
await swap(all[0]!)
await replace(ticketKeyFile, ticketKey())
const upstream = await startHttpUpstream('erp-1')
const port = await freePort()
const vigia = await startVigia({
  upstreams: [upstream.port],
  ownProcess: true,
  config: {
    workers: 2,
    tls: { ticketKeyFile },
    listeners: [{ name: 'secure', address: `127.0.0.1:${port}`, tls: { certificates: [{ certFile, keyFile }] } }],
  },
})

const failed: string[] = []
const shown = new Set<string>()
const counts = { requests: 0, swaps: 0 }
const untilMs = performance.now() + Number(values.seconds) * 1000
const lanes = Array.from({ length: Number(values.clients) }, (_, i) => runLane(i))
while (performance.now() < untilMs) {
  counts.swaps += 1
  await swap(all[counts.swaps % all.length]!)
  if (counts.swaps % TICKET_KEY_EVERY === 0) await replace(ticketKeyFile, ticketKey())
  await sleep(Number(values.every))
}
await Promise.all(lanes)
const last = all[counts.swaps % all.length]!
await until('the last certificate is shown', async () => (await look()) === last.cert.trim(), {
  timeoutMs: 20_000,
}).catch((error: Error) => failed.push(error.message))
const metrics = await vigia.metrics()
const handshakes = (resumed: boolean) =>
  new RegExp(`^vigia_tls_handshakes_total\\{resumed="${resumed}"\\} (\\d+)$`, 'm').exec(metrics)?.[1]
console.log(
  `${counts.swaps} swaps, ${counts.requests} requests, ${handshakes(false)} full handshakes, ${handshakes(true)} resumed, ${shown.size} of ${all.length} certificates seen, ${failed.length} failed`,
)
for (const line of failed.slice(0, 20)) console.log(line)
await vigia.stop()
await upstream.close()
await rm(folder, { recursive: true, force: true })
process.exit(failed.length === 0 && shown.size === all.length ? 0 : 1)

/** In turns by HTTP/1.1 and HTTP/2; every third request opens a connection, as a returning client or as a stranger. */
async function runLane(lane: number): Promise<void> {
  const h1 = new H1Carrier(() => port, trust)
  const h2 = new H2Carrier(() => port, trust)
  for (let count = 0; performance.now() < untilMs; count += 1) {
    if (count % 3 === 0) {
      h1.next = count % 2 === 0 ? 'single' : 'stranger'
      h2.renew(count % 2 === 0)
    }
    counts.requests += 1
    const wrong = await ask(lane % 2 === 0 ? h1 : h2, count % 4 === 0 ? 'POST' : 'GET')
    if (wrong !== '') failed.push(wrong)
    if (count % 10 === 0) shown.add(await look())
  }
  h1.close()
  h2.close()
}

/** @returns what is wrong with the answer; '' = nothing */
function ask(carrier: Carrier, method: string): Promise<string> {
  return new Promise(resolve => {
    let status = 0
    const body = method === 'POST'
    const carried = carrier.begin(
      { method, target: '/bytes/3000', fields: {}, body, length: body ? 5 : undefined },
      {
        onHead: got => {
          status = got
        },
        onData: () => {},
        onEnd: (how, error) =>
          resolve(how === 'whole' && status === 200 ? '' : `${carrier.name} ${method}: ${how} ${status} ${error}`),
      },
    )
    if (body) carried.write(Buffer.from('order'))
    carried.end()
  })
}

/** PEM of the certificate that is shown to who comes now; else what went wrong. */
function look(): Promise<string> {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port, ...trust })
    socket.on('error', (error: Error) => {
      failed.push(`a handshake: ${error.message}`)
      resolve(error.message)
    })
    socket.on('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()!.toString().trim())
      socket.destroy()
    })
  })
}

async function swap({ cert, key }: MadeCertificate): Promise<void> {
  await replace(keyFile, key)
  await replace(certFile, cert)
}

/** Whoever reads it finds the one or the other. */
async function replace(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

function ticketKey(): string {
  return randomBytes(48).toString('base64')
}
