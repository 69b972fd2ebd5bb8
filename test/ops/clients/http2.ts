// Real clients of HTTP/2 before the sample ERP, over TLS: `node test/ops/clients/http2.ts`. Chromium with the demo page, its event stream and
// a WebSocket; curl, nghttp and python3-h2; h2load while vigia reloads and stops. Outside of `npm test`: it needs these from Debian.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { type ClientHttp2Session, connect } from 'node:http2'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { launch } from 'puppeteer-core'
import { DemoFleet } from '../../../src/demo/fleet.ts'
import { makeCertificate } from '../../support/certificates.ts'
import { freePort } from '../../support/free-port.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const run = promisify(execFile)
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const REFUSED_STREAM = 7
const COOKIES = 200
const RELOADS = 5
/** In the page: opens a WebSocket, and resolves with what it has said once that has what it was sent. */
const ECHO = `new Promise((resolve, reject) => {
  const socket = new WebSocket('wss://' + location.host + '/websocket')
  const got = []
  socket.onopen = () => socket.send('hello over h2')
  socket.onmessage = ({ data }) => {
    got.push(data)
    if (!String(data).includes('hello over h2')) return
    socket.close()
    resolve(got.join(' '))
  }
  socket.onerror = () => reject(new Error('the WebSocket failed'))
})`
const step = (text: string) => console.log(`http2: ${text}`)

const cleanUp: (() => unknown)[] = []
const nodePort = await freePort()
const fleet = new DemoFleet([{ name: 'erp-1', host: '127.0.0.1', port: nodePort }], {
  restartMs: 1000,
  onEvent: () => {},
})
await fleet.start()
cleanUp.push(() => fleet.close())

const port = await freePort()
const origin = `https://localhost:${port}`
const { cert, key } = await makeCertificate({ names: ['localhost'] })
let vigia: Vigia
try {
  vigia = await startVigia({ upstreams: [nodePort], ownProcess: true, config: { accessLog: true } })
  cleanUp.push(() => vigia.stop())
  const folder = join(vigia.configFile, '..')
  await writeFile(join(folder, 'cert.pem'), cert)
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 })
  await apply({})
  await withChromium()
  await withPrograms()
  await underLoad()
  step('all is well')
} finally {
  for (const each of cleanUp.reverse()) await each()
}

/** The configuration over again, with another value that does not matter to what is tried. */
async function apply(timeouts: Record<string, string>): Promise<void> {
  const before = (await vigia.status()).configuration.revision
  const certificates = [{ certFile: './cert.pem', keyFile: './key.pem' }]
  await vigia.writeConfig({
    listeners: [{ name: 'web', address: `127.0.0.1:${port}`, tls: { certificates } }],
    accessLog: true,
    timeouts: { halfClosed: '2s', ...timeouts },
  })
  vigia.kill('SIGHUP')
  await until('the configuration is loaded', async () => (await vigia.status()).configuration.revision > before)
}

function logged(what: Readonly<Record<string, unknown>>): boolean {
  const lines = vigia
    .stdout()
    .split('\n')
    .filter(line => line.includes('"type":"access"'))
  return lines.some(line => {
    const entry = JSON.parse(line) as Record<string, unknown>
    return Object.entries(what).every(([name, value]) => entry[name] === value)
  })
}

async function withChromium(): Promise<void> {
  const browser = await launch({
    executablePath: CHROMIUM,
    acceptInsecureCerts: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
  cleanUp.push(() => browser.close())
  const page = await browser.newPage()
  await page.goto(`${origin}/`, { waitUntil: 'load' })
  const protocol = await page.evaluate(`performance.getEntriesByType('navigation')[0].nextHopProtocol`)
  assert.equal(protocol, 'h2')
  await until('the page shows orders', () => page.evaluate(`document.body.innerText.includes('erp-1')`))
  step('Chromium shows the demo page over h2')

  const echo = await page.evaluate(ECHO)
  assert.match(String(echo), /hello over h2/)
  await until('the access log has the WebSocket', () => logged({ path: '/websocket', protocol: 'HTTP/2', status: 101 }))
  step('its WebSocket rides the same connection, by extended CONNECT')

  for (let i = 0; i < COOKIES; i += 1) await page.setCookie({ name: `cookie${i}`, value: String(i), url: origin })
  const status = await page.evaluate(`fetch('/whoami').then(({ status }) => status)`)
  assert.equal(status, 200)
  step(`a request with ${COOKIES} cookies passes`)
  await page.close()
}

async function withPrograms(): Promise<void> {
  const { stdout: version } = await run('curl', [
    '-sk',
    '--http2',
    '-o',
    '/dev/null',
    '-w',
    '%{http_version} %{http_code}',
    `${origin}/`,
  ])
  assert.equal(version, '2 200')
  const { stdout: nghttp } = await run('nghttp', ['-ns', '-m', '5', `${origin}/`])
  assert.equal(nghttp.match(/ 200 /g)?.length, 5)
  const { stdout: python } = await run('/usr/bin/python3', [join(import.meta.dirname, 'h2_client.py'), String(port)])
  assert.equal(python.trim(), '200 200 200')
  step('curl, nghttp and python3-h2 are served')
}

/** Reloads and a stop: whoever is told to go goes, and nobody loses an answer. */
async function underLoad(): Promise<void> {
  const load = spawn('h2load', ['-D', '5', '-c', '8', '-m', '16', `${origin}/whoami`])
  let said = ''
  load.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const ended = new Promise(resolve => load.on('close', resolve))
  for (let i = 0; i < RELOADS; i += 1) await apply({ idle: `${70 + i}s` })
  await ended
  const [, succeeded, failed] = /(\d+) succeeded, (\d+) failed/.exec(said) ?? []
  assert.equal(failed, '0', said)
  step(`${succeeded} requests of h2load over ${RELOADS} reloads: 0 failed`)

  const sessions = Array.from({ length: 8 }, () => connect(origin, { rejectUnauthorized: false }).on('error', () => {}))
  const outcomes = new Map<string, number>()
  const asking = sessions.map(async session => {
    for (let lasts = true; lasts; ) {
      const asked = Array.from({ length: 16 }, () => outcomeOf(session))
      for (const outcome of await Promise.all(asked)) {
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        if (outcome !== '200') lasts = false
      }
    }
  })
  await until('they are under way', () => (outcomes.get('200') ?? 0) > 200)
  await vigia.stop()
  await Promise.all(asking)
  assert.deepEqual([...outcomes.keys()].sort(), ['200', 'not sent'])
  step(`a stop under load: ${outcomes.get('200')} requests answered, none lost`)
}

/** The status, `not sent` where the session takes no more, or what went wrong. */
function outcomeOf(session: ClientHttp2Session): Promise<string> {
  return new Promise(resolve => {
    if (session.closed || session.destroyed) return resolve('not sent')
    const stream = session.request({ ':path': '/whoami' })
    let status = 'no answer'
    stream.on('response', fields => {
      status = String(fields[':status'])
    })
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const unsent = stream.rstCode === REFUSED_STREAM || error.code === 'ERR_HTTP2_GOAWAY_SESSION'
      status = unsent ? 'not sent' : error.message
    })
    stream.on('close', () => resolve(status))
    stream.resume()
  })
}
