// What an idle connection with TLS costs vigia, nginx and node:tls alone in resident memory: each has done its handshake and one request (or its
// handshake only), and waits.
//
//   node bench/idle-tls.ts [--connections 2000] [--rounds 3] [--only vigia,nginx,node-tls] [--plain | --silent]

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { list, whole } from './harness/options.ts'
import { findProgram, freePorts, start, stopAll } from './harness/process.ts'
import { readUsage } from './harness/usage.ts'
import { type CertificateFiles, certificateIn } from './peers/certificate.ts'

interface Place {
  readonly folder: string
  readonly port: number
  readonly admin: number
  readonly upstream: number
  /** Undefined = without TLS. */
  readonly files: CertificateFiles | undefined
}

/** Descriptors and ports of one machine last for them and their ends. */
const MOST = 4000
/** Connections that open at the same time. */
const AT_A_TIME = 50
/** Until what is garbage has been collected: an idle heap is looked at after some seconds. */
const SETTLE_MS = 20_000

const commands = {
  vigia({ folder, port, admin, upstream, files }: Place): readonly string[] {
    const certificates = files && [{ certFile: files.certFile, keyFile: files.keyFile }]
    const plan = {
      workers: 1,
      listeners: [{ name: 'web', address: `127.0.0.1:${port}`, ...(certificates && { tls: { certificates } }) }],
      admin: { address: `127.0.0.1:${admin}` },
      timeouts: { keepAlive: '10m' },
      routes: [{ pool: 'erp' }],
      pools: { erp: { health: 'off', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream}` }] } },
    }
    writeFileSync(join(folder, 'vigia.yaml'), JSON.stringify(plan))
    const program = fileURLToPath(new URL('../bin/vigia.js', import.meta.url))
    return [process.execPath, program, 'run', '-c', join(folder, 'vigia.yaml')]
  },
  nginx({ folder, port, upstream, files }: Place): readonly string[] {
    const tls = files ? `ssl_certificate ${files.certFile}; ssl_certificate_key ${files.keyFile};` : ''
    writeFileSync(
      join(folder, 'nginx.conf'),
      `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; events { worker_connections 30000; }
http { access_log off; keepalive_timeout 600s; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}${files ? ' ssl' : ''}; ${tls} location / { proxy_pass http://127.0.0.1:${upstream}; } } }`,
    )
    return ['nginx', '-c', join(folder, 'nginx.conf')]
  },
  /** What they cost on Node at least. */
  'node-tls'({ port, files }: Place): readonly string[] {
    const program = fileURLToPath(new URL('./peers/node-tls.ts', import.meta.url))
    return [process.execPath, program, String(port), '0', files?.certFile ?? '', files?.keyFile ?? '']
  },
}

/** How the connections are: without TLS, without a request. */
interface Manner {
  readonly tls: boolean
  readonly silent: boolean
}

/** A connection that has had one answer, or is to have none. */
function open(port: number, { tls, silent }: Manner): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connectPlain(port, '127.0.0.1')
    socket.on('error', reject)
    if (silent) return void socket.once('secureConnect', () => resolve(socket))
    socket.once('data', () => resolve(socket))
    socket.write('GET / HTTP/1.1\r\nHost: erp\r\n\r\n')
  })
}

async function openAll(count: number, port: number, manner: Manner, sockets: Socket[]): Promise<void> {
  for (let at = 0; at < count; at += AT_A_TIME) {
    const some = Array.from({ length: Math.min(AT_A_TIME, count - at) }, () => open(port, manner))
    sockets.push(...(await Promise.all(some)))
  }
}

/** @returns KiB for each of the connections, those before them left out */
async function measure(name: keyof typeof commands, connections: number, manner: Manner, upstream: number) {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-idle-'))
  chmodSync(folder, 0o755) // nginx started by root writes its files as another user
  const [port = 0, admin = 0] = await freePorts(2)
  const files = manner.tls ? certificateIn(folder) : undefined
  const [program = '', ...args] = commands[name]({ folder, port, admin, upstream, files })
  const front = start([findProgram(program) ?? program, ...args], { cores: '0,1', logFile: join(folder, 'log') })
  const sockets: Socket[] = []
  try {
    for (let tries = 0; ; tries += 1) {
      const socket = await open(port, manner).catch(() => undefined)
      if (socket) {
        sockets.push(socket)
        break
      }
      if (tries === 150 || front.exited()) throw new Error(`${name} does not answer: ${front.output()}`)
      await sleep(200)
    }
    // What grows with the first of them, whatever their number, is not theirs.
    await openAll(connections / 4, port, manner, sockets)
    await sleep(SETTLE_MS)
    const before = readUsage(front.pid).rssBytes
    await openAll(connections, port, manner, sockets)
    await sleep(SETTLE_MS)
    return (readUsage(front.pid).rssBytes - before) / 1024 / connections
  } finally {
    for (const socket of sockets) socket.destroy()
    await front.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '2000' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      plain: { type: 'boolean', default: false },
      silent: { type: 'boolean', default: false },
    },
  })
  const connections = whole('--connections', values.connections, MOST)
  const rounds = whole('--rounds', values.rounds)
  const only = list(values.only)
  const manner = { tls: !values.plain, silent: values.silent && !values.plain }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  process.once('exit', stopAll)
  const upstream = createServer((_, answer) => answer.end('{}'))
  await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
  const address = upstream.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  console.log(`KiB of resident memory for each of ${connections} idle connections${values.plain ? '' : ' with TLS'}`)
  for (const name of ['vigia', 'nginx', 'node-tls'] as const) {
    if (name === 'node-tls' && !manner.tls) continue
    if (only.length > 0 && !only.includes(name)) continue
    const figures: string[] = []
    for (let round = 0; round < rounds; round += 1)
      figures.push((await measure(name, connections, manner, port)).toFixed(1))
    console.log(`${name}: ${figures.join(', ')}`)
  }
  upstream.close()
  upstream.closeAllConnections()
}

await main()
