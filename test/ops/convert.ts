// The same requests to a real nginx, HAProxy and Caddy, and to a vigia that runs with what `vigia convert` made of their configuration:
// `node test/ops/convert.ts`. Compared are the status, which nodes got the request, and the fields that both sides saw. Traefik is in no Debian
// package: what is made of its files is checked by the unit tests only. Ends with 0 where all is as expected.

import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.ts'
import { runProgram } from '../support/host.ts'
import { until } from '../support/until.ts'

interface Asked {
  readonly path: string
  readonly method?: string
  readonly host?: string
  /** The client's own address. */
  readonly from?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** On the port without TLS, where there are two. */
  readonly plain?: true
  /** What vigia answers where it differs, as the report says. */
  readonly vigia?: number
}

interface Case {
  readonly input: string
  readonly product: 'nginx' | 'haproxy' | 'caddy'
  /** Ports of the input that are nodes, and what the nodes behind them are called. */
  readonly nodes: Readonly<Record<string, string>>
  /** How its own port is written; `PORT` stands for the port. */
  readonly listens: string
  /** The same with TLS. */
  readonly listensTls?: string
  /** Request fields that must reach the nodes alike. */
  readonly fields: readonly string[]
  readonly exitCode: number
  readonly asked: readonly Asked[]
}

const CASES: readonly Case[] = [
  {
    input: 'odoo.nginx.conf',
    product: 'nginx',
    nodes: { 8069: 'odoo', 8072: 'bus' },
    listens: 'listen 80;|listen PORT;',
    listensTls: 'listen 443 ssl;|listen PORT ssl;',
    fields: ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'],
    exitCode: 0,
    asked: [
      { path: '/web/login?db=a%20b' },
      { path: '/websocket/health' },
      {
        path: '/web/dataset/call_kw',
        method: 'POST',
        body: '{"jsonrpc":"2.0"}',
        headers: { 'content-type': 'application/json' },
      },
      { path: '/web/login', headers: { 'x-forwarded-for': '1.2.3.4' }, from: '127.0.0.5', vigia: 200 },
      { path: '/web/login', plain: true, vigia: 308 },
    ],
  },
  {
    input: 'tryton.nginx.conf',
    product: 'nginx',
    nodes: { 8001: 'tryton', 8002: 'tryton', 8003: 'standby' },
    listens: 'listen 8000|listen PORT',
    fields: ['host', 'x-forwarded-for', 'x-forwarded-proto'],
    exitCode: 0,
    asked: [
      { path: '/erp/', method: 'POST', body: '{}' },
      { path: '/erp/', host: 'x.tryton.example.com' },
      { path: '/admin/users' },
      { path: '/admin/users', from: '127.0.0.5' },
      { path: '/login' },
      { path: '/.git/config' },
      { path: '/a/.htaccess' },
      { path: '/erp/', host: 'other.example.com', vigia: 404 },
    ],
  },
  {
    input: 'dolibarr.nginx.conf',
    product: 'nginx',
    nodes: { 8081: 'dolibarr' },
    listens: 'listen 80 default_server|listen PORT default_server',
    fields: ['host'],
    exitCode: 1,
    asked: [{ path: '/public/index.html' }, { path: '/index.html', vigia: 403 }, { path: '/install/', vigia: 403 }],
  },
  {
    input: 'odoo.haproxy.cfg',
    product: 'haproxy',
    nodes: { 8069: 'odoo', 8070: 'odoo', 8071: 'standby', 8072: 'bus', 8073: 'bus', 8074: 'api' },
    listens: 'bind *:8080|bind 127.0.0.1:PORT',
    fields: ['host', 'x-forwarded-for', 'x-tenant'],
    exitCode: 0,
    asked: [
      { path: '/web/login' },
      { path: '/web/dataset/call_kw', method: 'POST', body: '{}' },
      { path: '/websocket' },
      { path: '/longpolling/poll' },
      { path: '/v1/orders', host: 'API.example.com' },
      { path: '/v1/orders' },
      { path: '/reports/x' },
      { path: '/reports/live/x' },
      { path: '/web/database/manager' },
      { path: '/web/database/manager', from: '127.0.0.5' },
      { path: '/web/databases', from: '127.0.0.5' },
      { path: '/XMLRPC/db' },
    ],
  },
  {
    input: 'plain.Caddyfile',
    product: 'caddy',
    nodes: { 8069: 'odoo', 8072: 'bus' },
    listens: 'erp.example.com:8080|erp.example.com:PORT',
    fields: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'],
    exitCode: 1,
    asked: [
      { path: '/web/login' },
      { path: '/websocket/x' },
      { path: '/install/index.php', vigia: 403 },
      { path: '/INSTALL', vigia: 403 },
      { path: '/admin/users', vigia: 403 },
    ],
  },
]

const HOST: Readonly<Record<string, string>> = { 'tryton.nginx.conf': 'tryton.example.com' }
const INPUTS = new URL('../unit/commands/convert/inputs/', import.meta.url)
const TLS = fileURLToPath(new URL('../unit/control/fixtures/tls/', import.meta.url))
const COMMANDS = {
  nginx: (file: string) => ['nginx', '-c', file, '-g', 'daemon off; error_log stderr;'],
  haproxy: (file: string) => ['haproxy', '-db', '-f', file],
  caddy: (file: string) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
}
const root = mkdtempSync(join(tmpdir(), 'vigia-convert-'))
process.once('exit', () => rmSync(root, { recursive: true, force: true }))
let failed = 0

for (const each of CASES) await tryCase(each)
console.log(failed === 0 ? 'all as expected' : `${failed} are not as expected`)
process.exit(failed === 0 ? 0 : 1)

async function tryCase(of: Case): Promise<void> {
  const folder = mkdtempSync(join(root, 'case-'))
  const nodes = new Map<string, number>()
  for (const [port, name] of Object.entries(of.nodes)) nodes.set(port, await startNode(name))
  const write = async (file: string) => {
    const ports = { plain: await freePort(), tls: await freePort() }
    let text = readFileSync(new URL(of.input, INPUTS), 'utf8').replaceAll('/tls/', TLS)
    for (const [port, own] of nodes) text = text.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${own}`)
    text = text.replaceAll(...replacement(of.listens, ports.plain))
    if (of.listensTls !== undefined) text = text.replaceAll(...replacement(of.listensTls, ports.tls))
    text = text
      .replace('bind 127.0.0.1:8404', `bind 127.0.0.1:${await freePort()}`)
      .replace('beginnings.map', join(folder, 'beginnings.map'))
    text = text.replaceAll('/var/log/nginx', folder).replaceAll('/etc/nginx/htpasswd', join(folder, 'htpasswd'))
    if (of.product === 'caddy') text = text.replace(/\$2a\$\S+/, hashOfPassword())
    writeFileSync(join(folder, file), text)
    return ports
  }
  writeFileSync(join(folder, 'mime.types'), 'types { text/html html; }')
  writeFileSync(join(folder, 'fastcgi_params'), '')
  writeFileSync(join(folder, 'htpasswd'), '')
  writeFileSync(join(folder, 'beginnings.map'), readFileSync(new URL('beginnings.map', INPUTS)))

  // 1. The product itself; a part of nginx's configuration needs a whole around it.
  const peer = await write(of.input)
  const isPart = of.product === 'nginx' && !readFileSync(join(folder, of.input), 'utf8').includes('events {')
  const whole = join(folder, isPart ? 'whole.conf' : of.input)
  if (isPart) writeFileSync(whole, `pid ${folder}/pid; events {} http { access_log off; include ${of.input}; }`)
  await startPeer(COMMANDS[of.product](whole), peer.plain)

  // 2. vigia, with what it made of the same, on ports of its own.
  const own = await write(`own.${of.input}`)
  const output = join(folder, 'vigia.yaml')
  const from = ['convert', join(folder, `own.${of.input}`), '--from', of.product, '-o', output]
  const conversion = runProgram(from)
  const { code } = await conversion.exited
  tell(`${of.input}: exit code of the conversion`, `${code}`, `${of.exitCode}`, conversion.stderr())
  appendFileSync(output, `\nadmin: { address: "127.0.0.1:${await freePort()}" }\nworkers: 1\naccessLog: false\n`)
  if (of.listensTls !== undefined)
    writeFileSync(
      output,
      readFileSync(output, 'utf8').replace('redirect: https', `redirect: https, redirectPort: ${own.tls}`),
    )
  const vigia = runProgram(['run', '-c', output])
  await until('vigia listens', () => {
    if (vigia.exit !== undefined) throw new Error(`vigia ended: ${vigia.stderr()}`)
    return listens(own.plain)
  })

  // 3. The same questions to both.
  for (const asked of of.asked) {
    const host = asked.host ?? HOST[of.input] ?? 'erp.example.com'
    const isTls = of.listensTls !== undefined && asked.plain === undefined
    const [theirs, ours] = [
      await ask(isTls ? peer.tls : peer.plain, isTls, host, asked),
      await ask(isTls ? own.tls : own.plain, isTls, host, asked),
    ]
    const words = (answer: Answer) =>
      answer.node === undefined
        ? `${answer.status}`
        : `${answer.status} from ${answer.node} ${answer.seen} ${JSON.stringify(of.fields.map(field => plain(answer.fields[field])))}`
    const expected =
      asked.vigia === undefined || theirs.status === asked.vigia
        ? forwardedWords(asked, words(theirs))
        : `${asked.vigia}`
    const name = `${asked.method ?? 'GET'} ${host}${asked.path}${asked.from === undefined ? '' : ` from ${asked.from}`}`
    tell(`${of.input}: ${name} (${of.product}: ${theirs.status})`, words(ours), expected)
  }
  vigia.kill('SIGTERM')
  await vigia.exited
}

/** What a client claims of itself is passed on by nginx, and replaced by vigia. */
function forwardedWords({ headers }: Asked, words: string): string {
  const claimed = headers?.['x-forwarded-for']
  return claimed === undefined ? words : words.replace(`${claimed}, `, '')
}

/** Ports of test runs are no part of a host. */
function plain(value: string | string[] | undefined): string {
  return String(value ?? '').replace(/:\d+$/, '')
}

function replacement(of: string, port: number): [string, string] {
  const [text = '', by = ''] = of.split('|')
  return [text, by.replace('PORT', String(port))]
}

function tell(what: string, seen: string, wanted: string, more = ''): void {
  const isRight = seen === wanted
  if (!isRight) failed += 1
  console.log(`${isRight ? 'ok  ' : 'BAD '} ${what}: ${seen}${isRight ? '' : `, expected ${wanted}\n${more}`}`)
}

/** Says who it is, and what came. */
async function startNode(name: string): Promise<number> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { method, url, headers } = request
      response
        .setHeader('Server', 'node')
        .end(JSON.stringify({ node: name, seen: `${method} ${url}`, fields: headers }))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function startPeer([command = '', ...args]: readonly string[], port: number): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  process.once('exit', () => child.kill('SIGTERM'))
  await until(`${command} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}\n${said}`)
    return listens(port)
  })
}

function listens(port: number): Promise<boolean> {
  return new Promise<boolean>(resolve => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

interface Answer {
  readonly status: number
  /** Undefined = no node has answered. */
  readonly node?: string
  readonly seen?: string
  readonly fields: Readonly<Record<string, string | string[] | undefined>>
}

function ask(
  port: number,
  isTls: boolean,
  host: string,
  { path, method = 'GET', from, body, headers = {} }: Asked,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method,
      agent: false,
      headers: { host, ...headers },
      ...(from === undefined ? {} : { localAddress: from }),
    }
    const request = isTls ? tlsRequest({ ...options, rejectUnauthorized: false }) : plainRequest(options)
    request.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve({ status: 0, fields: {} }) : reject(error),
    )
    request.on('response', response => {
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      response.on('end', () => {
        const isNode = response.statusCode === 200 && text.startsWith('{"node"')
        resolve({ status: response.statusCode ?? 0, ...(isNode ? JSON.parse(text) : { fields: {} }) })
      })
    })
    request.end(body)
  })
}

function hashOfPassword(): string {
  return execFileSync('caddy', ['hash-password', '--plaintext', 'a word'], { encoding: 'utf8' }).trim()
}
