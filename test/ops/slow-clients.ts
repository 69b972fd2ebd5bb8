// Slow clients in front of real servers with four workers: 40 that read a report slowly and 40 that upload 1 kB a second, while somebody
// clicks. How long does a click take, through vigia, nginx and HAProxy, and what does each slow client cost the proxy?
//
//   node test/ops/slow-clients.ts [gunicorn|uwsgi|starman ...] [--megabytes 60] [--clicks 100] [--readers 40] [--uploads 40] [--settle SECONDS] [--only vigia,nginx,haproxy]

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort } from '../support/free-port.ts'

const READ_BYTES = 20_000
const UPLOAD_BYTES = 1_000_000
const CLICK_TIMEOUT_MS = 5000
const MIB = 1024 ** 2
const FIRST_SETTLE_MS = 3000

const { values, positionals } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '60' },
    clicks: { type: 'string', default: '100' },
    readers: { type: 'string', default: '40' },
    uploads: { type: 'string', default: '40' },
    settle: { type: 'string', default: '15' },
    only: { type: 'string', default: 'vigia,nginx,haproxy' },
  },
  allowPositionals: true,
})
const megabytes = Number(values.megabytes)
const clicks = Number(values.clicks)
const readers = Number(values.readers)
const uploads = Number(values.uploads)
const folder = mkdtempSync(join(tmpdir(), 'vigia-slow-'))
const started: ChildProcess[] = []

/** The same application in Python and in Perl. */
const WSGI = `
MIB = b'x' * 65536
def application(environ, start_response):
    if environ['REQUEST_METHOD'] == 'POST':
        left = int(environ.get('CONTENT_LENGTH') or 0)
        while left > 0:
            got = environ['wsgi.input'].read(min(left, 65536))
            if not got: break
            left -= len(got)
    if environ['PATH_INFO'] == '/report':
        start_response('200 OK', [('Content-Type', 'text/csv'), ('Content-Length', str(${megabytes} * 1048576))])
        return (MIB for _ in range(${megabytes} * 16))
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '5')])
    return [b'click']
`
const PSGI = `
my $piece = 'x' x 65536;
sub {
  my $env = shift;
  if ($env->{REQUEST_METHOD} eq 'POST') { my $b; while ($env->{'psgi.input'}->read($b, 65536)) {} }
  return [200, ['Content-Type' => 'text/plain', 'Content-Length' => 5], ['click']] unless $env->{PATH_INFO} eq '/report';
  return sub {
    my $w = shift->([200, ['Content-Type' => 'text/csv', 'Content-Length' => ${megabytes} * 1048576]]);
    $w->write($piece) for 1 .. ${megabytes} * 16;
    $w->close;
  };
}
`

interface Server {
  readonly name: string
  /** What vigia has to be told of it. */
  readonly buffer: 'auto' | 'on'
  command(port: number): readonly [string, readonly string[]]
}

const SERVERS: readonly Server[] = [
  {
    name: 'gunicorn',
    buffer: 'auto',
    command: port => ['gunicorn', ['-w', '4', '-t', '600', '-b', `127.0.0.1:${port}`, '--chdir', folder, 'app']],
  },
  {
    name: 'uwsgi',
    buffer: 'auto',
    command: port => [
      'uwsgi',
      [
        '--http-socket',
        `127.0.0.1:${port}`,
        '--master',
        '--processes',
        '4',
        '--plugins',
        'python3',
        '--wsgi-file',
        join(folder, 'app.py'),
        '--die-on-term',
      ],
    ],
  },
  {
    name: 'starman',
    buffer: 'on',
    command: port => ['starman', ['--workers', '4', '--listen', `127.0.0.1:${port}`, join(folder, 'app.psgi')]],
  },
]

interface Proxy {
  readonly name: string
  /** @returns the command, and what has to answer 200 before it is ready */
  command(port: number, upstream: number, admin: number, server: Server): readonly [string, readonly string[]]
}

const PROXIES: readonly Proxy[] = [
  {
    name: 'vigia',
    command(port, upstream, admin, { buffer }) {
      write('vigia.yaml', {
        workers: 1,
        listeners: [{ name: 'web', address: `127.0.0.1:${port}` }],
        admin: { address: `127.0.0.1:${admin}` },
        buffers: { directory: folder, disk: '6GiB', keepFree: 0 },
        timeouts: { idle: '10m', response: '10m' },
        routes: [{ pool: 'erp' }],
        pools: { erp: { health: 'off', buffer, upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream}` }] } },
      })
      const program = fileURLToPath(new URL('../../bin/vigia.js', import.meta.url))
      return [process.execPath, [program, 'run', '-c', join(folder, 'vigia.yaml')]]
    },
  },
  {
    name: 'nginx',
    command(port, upstream) {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        each => `${each}_temp_path ${folder}/nginx-${each};`,
      )
      writeFileSync(
        join(folder, 'nginx.conf'),
        `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; events {}
http { access_log off; ${temporary.join(' ')} client_max_body_size 2g;
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream}; proxy_read_timeout 600s; } } }`,
      )
      return ['nginx', ['-c', join(folder, 'nginx.conf')]]
    },
  },
  {
    name: 'haproxy',
    command(port, upstream) {
      writeFileSync(
        join(folder, 'haproxy.cfg'),
        `global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 600s\n  timeout server 600s\nfrontend web\n  bind 127.0.0.1:${port}\n  default_backend erp\nbackend erp\n  server erp-1 127.0.0.1:${upstream}\n`,
      )
      return ['haproxy', ['-f', join(folder, 'haproxy.cfg')]]
    },
  },
]

function write(name: string, content: object): void {
  writeFileSync(join(folder, name), JSON.stringify(content))
}

function start([command, args]: readonly [string, readonly string[]]): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore', detached: true })
  child.on('error', error => console.error(String(error)))
  started.push(child)
  return child
}

/** With all that it has started. */
function end(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/** Of the process and its children, bytes. */
function residentBytes(pid: number): number {
  const own = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0'
  const children = readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').trim().split(' ').filter(Boolean),
  )
  return Number(own) * 1024 + children.reduce((sum, child) => sum + residentBytes(Number(child)), 0)
}

/** One click on a connection of its own, ms. */
function click(port: number): Promise<number> {
  const beganMs = performance.now()
  return new Promise(resolve => {
    const request = get(
      { port, host: '127.0.0.1', path: '/', agent: new Agent(), timeout: CLICK_TIMEOUT_MS },
      answer => {
        answer
          .resume()
          .on('end', () => resolve(answer.statusCode === 200 ? performance.now() - beganMs : CLICK_TIMEOUT_MS))
      },
    )
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(CLICK_TIMEOUT_MS))
  })
}

async function ready(port: number): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await click(port)) < CLICK_TIMEOUT_MS) return
    await sleep(200)
  }
  throw new Error(`nothing answers on port ${port}`)
}

function slowReader(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /report HTTP/1.1\r\nHost: erp\r\n\r\n')
  socket.on('readable', () => {})
  const timer = setInterval(() => socket.read(Math.min(READ_BYTES, socket.readableLength) || undefined), 1000)
  socket.on('close', () => clearInterval(timer))
  return socket
}

function slowUpload(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  socket.write(`POST /upload HTTP/1.1\r\nHost: erp\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`)
  const timer = setInterval(() => socket.write(Buffer.alloc(1000)), 1000)
  socket.on('close', () => clearInterval(timer))
  return socket
}

async function trial(server: Server, proxy: Proxy): Promise<void> {
  const [upstream, port, admin] = [await freePort(), await freePort(), await freePort()]
  const node = start(server.command(upstream))
  const front = start(proxy.command(port, upstream, admin, server))
  const sockets: Socket[] = []
  try {
    await ready(upstream)
    await ready(port)
    // Those before anybody is slow: from these vigia learns what it has behind it.
    for (let i = 0; i < 30; i += 1) await click(port)
    const before = residentBytes(front.pid!)
    // With the first of them comes what all of them share, as vigia's thread that writes files.
    if (readers > 0) sockets.push(slowReader(port))
    if (uploads > 0) sockets.push(slowUpload(port))
    await sleep(FIRST_SETTLE_MS)
    const shared = residentBytes(front.pid!) - before
    for (let i = 1; i < readers; i += 1) sockets.push(slowReader(port))
    for (let i = 1; i < uploads; i += 1) sockets.push(slowUpload(port))
    // First the reports have to be made, whoever waits for them: the clicks come when that is over, or can't be.
    await sleep(Number(values.settle) * 1000)
    const times: number[] = []
    for (let i = 0; i < clicks; i += 1) {
      times.push(await click(port))
      await sleep(20)
      if (times.filter(each => each === CLICK_TIMEOUT_MS).length >= 3) break
    }
    const grown = residentBytes(front.pid!) - before - shared
    const others = Math.max(1, readers - 1) + Math.max(1, uploads - 1) - (readers === 0 || uploads === 0 ? 1 : 0)
    times.sort((a, b) => a - b)
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!.toFixed(1)
    console.log(
      `| ${server.name} | ${proxy.name} | ${times.length} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${(shared / MIB).toFixed(1)} | ${Math.round(grown / 1024 / others)} |`,
    )
  } catch (error) {
    console.log(`| ${server.name} | ${proxy.name} | ${String(error)} |`)
  } finally {
    for (const socket of sockets) socket.destroy()
    end(front)
    end(node)
  }
}

writeFileSync(join(folder, 'app.py'), WSGI)
writeFileSync(join(folder, 'app.psgi'), PSGI)
console.log(
  `${readers} readers of ${megabytes} MiB at ${READ_BYTES} B/s, ${uploads} uploads at 1 kB/s; a click that takes ${CLICK_TIMEOUT_MS} ms has failed`,
)
console.log(
  '| server | through | clicks | p50 ms | p99 ms | max ms | the first, MiB | KiB each other |\n|---|---|--:|--:|--:|--:|--:|--:|',
)
try {
  for (const server of SERVERS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    for (const proxy of PROXIES.filter(({ name }) => values.only.split(',').includes(name))) await trial(server, proxy)
  }
} finally {
  for (const child of started) end(child)
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
