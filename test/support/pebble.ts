// A CA for tests: Debian's pebble on free ports of 127.0.0.1, with a DNS server in which every name that a test gives leads to 127.0.0.1.
// It keeps nothing: one that is started again knows neither accounts nor orders.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from './certificates.ts'
import { startDnsServer } from './dns-server.ts'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

/** Where it is not installed (apt-get install pebble), tests that need it are skipped. */
export const HAS_PEBBLE = spawnSync('pebble', ['-help']).error === undefined

/** For the title of what is skipped. */
export const NEEDS_PEBBLE = HAS_PEBBLE ? '' : ' (skipped: apt-get install pebble)'

export interface PebbleSetup {
  /** That lead to 127.0.0.1. */
  readonly names: readonly string[]
  /** Where it looks for answers by http-01, and by tls-alpn-01. */
  readonly httpPort?: number
  readonly tlsPort?: number
  /** Of certificates, seconds. */
  readonly validS?: number
  /** Key (base64url) by id: accounts need one of them. */
  readonly eab?: Readonly<Record<string, string>>
}

export interface Pebble {
  /** URL of its directory. */
  readonly directory: string
  /** PEM of the authority of its own server. */
  readonly ca: string
  readonly caFile: string
  /** PEM of the authority that signs certificates; another one after each start. */
  root(): Promise<string>
  /** What it has said. */
  log(): string
  /** Kills it. */
  stop(): Promise<void>
  /** Begins anew at the same address. */
  start(): Promise<void>
  close(): Promise<void>
}

export async function startPebble({ names, httpPort = 1, tlsPort = 1, validS, eab }: PebbleSetup): Promise<Pebble> {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-pebble-'))
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const dns = await startDnsServer(Object.fromEntries(names.map(name => [name, { addresses: ['127.0.0.1'] }])))
  const own = await makeCertificate({ names: ['127.0.0.1'] })
  const caFile = file('ca.pem', own.cert)
  const [port, managementPort] = [await freePort(), await freePort()]
  const config = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: caFile,
    privateKey: file('key.pem', own.key),
    httpPort,
    tlsPort,
    externalAccountBindingRequired: eab !== undefined,
    ...(eab === undefined ? {} : { externalAccountMACKeys: eab }),
    ...(validS === undefined ? {} : { certificateValidityPeriod: validS }),
  }
  const args = [
    '-config',
    file('pebble.json', JSON.stringify({ pebble: config })),
    '-dnsserver',
    dns.address,
    '-strict',
  ]
  const directory = `https://127.0.0.1:${port}/dir`
  let said = ''
  let child: ReturnType<typeof spawn> | undefined
  const stop = async (): Promise<void> => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null) return
    const exited = once(running, 'exit')
    running.kill('SIGKILL')
    await exited
  }
  const start = async (): Promise<void> => {
    // By chance it would wait between its looks, trust what was proven before, and refuse a good nonce.
    const calm = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0', PEBBLE_WFE_NONCEREJECT: '0' }
    const env = { ...process.env, ...calm }
    child = spawn('pebble', args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', bytes => (said += String(bytes)))
    await until(`pebble answers on port ${port}\n${said}`, () =>
      fetchText(directory, own.cert).then(
        () => true,
        () => false,
      ),
    )
  }
  await start()
  return {
    ...{ directory, ca: own.cert, caFile, start, stop },
    root: () => fetchText(`https://127.0.0.1:${managementPort}/roots/0`, own.cert),
    log: () => said,
    async close() {
      await stop()
      dns.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function fetchText(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { ca, agent: false }, response => {
      let body = ''
      response.on('data', bytes => (body += String(bytes)))
      response.on('end', () => resolve(body))
    })
    request.on('error', reject)
  })
}
