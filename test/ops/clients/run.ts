// Real clients whose order is committed by a node that dies before it answers, or that is under way when vigia stops:
// `node test/ops/clients/run.ts`. Outside of `npm test`: it needs Debian's chromium, python3 and tryton-client, and haproxy to compare.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../support/free-port.ts'
import { within } from '../../support/until.ts'
import { type FrontName, missingFront, startFront } from '../servers/fronts.ts'
import { missingPackages } from '../servers/node.ts'
import { Application } from './application.ts'

interface Client {
  readonly name: string
  readonly packages: readonly string[]
  readonly command: (url: string, folder: string) => readonly string[]
  /** It is a page that tells the application what came of its call; else the program says it. */
  readonly isPage?: boolean
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const CLIENTS: readonly Client[] = [
  {
    name: 'Chromium',
    packages: ['chromium'],
    command: (url, folder) => [
      ...['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
      ...[`--user-data-dir=${folder}`, `${url}/`],
    ],
    isPage: true,
  },
  {
    name: "Python's xmlrpc.client",
    packages: ['python3'],
    command: url => ['/usr/bin/python3', script('xmlrpc_client.py'), url],
  },
  {
    name: "Tryton's desktop client",
    packages: ['tryton-client'],
    command: url => ['/usr/bin/python3', script('tryton_client.py'), url],
  },
]

const PATIENCE_MS = 60_000
const faults: string[] = []
const cells: string[][] = []
for (const client of CLIENTS) {
  const missing = missingPackages(client)
  if (missing.length > 0) {
    cells.push([client.name, `skipped: apt-get install ${missing.join(' ')}`])
    continue
  }
  const row = [client.name]
  for (const [what, trial] of [
    ['the node dies', () => whereTheNodeDies(client, 'vigia')],
    ['vigia stops', () => whereVigiaStops(client)],
  ] as const) {
    const { said, records } = await trial()
    row.push(`${said}, ${records}`)
    if (records !== 1 || said !== 'told 502') faults.push(`${client.name}, where ${what}: ${said}, ${records} records`)
  }
  const lacks = missingFront('haproxy')
  const peer = lacks === undefined ? await whereTheNodeDies(client, 'haproxy') : undefined
  row.push(peer ? `${peer.said}, ${peer.records}` : lacks!)
  cells.push(row)
}
console.log('\n| what the client says, records made | vigia: the node dies | vigia stops | HAProxy: the node dies |')
console.log('|---|---|---|---|')
for (const row of cells) console.log(`| ${row.join(' | ')} |`)
for (const fault of faults) console.error(`clients: ${fault}`)
process.exit(faults.length === 0 ? 0 : 1)

interface Told {
  readonly said: string
  readonly records: number
}

/** It commits, and resets the connection instead of an answer. */
async function whereTheNodeDies(client: Client, name: FrontName): Promise<Told> {
  const application = await Application.start(request => request.socket.resetAndDestroy())
  const front = await startFront(name, [application.port])
  const said = await run(client, front.port, application)
  await front.stop()
  application.close()
  return { said, records: application.records }
}

/** The order is under way for longer than the stop may take; on the same address another vigia goes on. */
async function whereVigiaStops(client: Client): Promise<Told> {
  let stopped: Promise<void> | undefined
  const application = await Application.start(() => {
    inUse = next.port
    stopped = first.stop()
  })
  const first = await startFront('vigia', [application.port])
  const next = await startFront('vigia', [application.port])
  let inUse = first.port
  const port = await freePort()
  const address = await relay(port, () => inUse)
  const said = await run(client, port, application)
  await stopped
  await next.stop()
  address.close()
  application.close()
  return { said, records: application.records }
}

/** One address, behind which first one and then another vigia listens. */
async function relay(port: number, to: () => number): Promise<Server> {
  const server = createServer(client => {
    const onward = connect(to(), '127.0.0.1')
    for (const each of [client, onward]) each.on('error', () => {})
    client.pipe(onward).pipe(client)
    onward.on('close', () => client.destroySoon())
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return server
}

/** @returns what it says came of its order */
async function run(client: Client, port: number, application: Application): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vigia-client-'))
  const [program = '', ...args] = client.command(`http://127.0.0.1:${port}`, folder)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, HOME: folder } })
  const ended = new Promise<string>(resolve => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', piece => {
      text += piece
    })
    child.once('close', () => resolve(text.trim()))
  })
  try {
    return await within(PATIENCE_MS, `${client.name} says nothing`, client.isPage ? application.said : ended)
  } finally {
    child.kill()
    await ended
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
