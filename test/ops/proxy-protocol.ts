// Real servers on both sides of vigia's PROXY headers: `node test/ops/proxy-protocol.ts`. nginx, HAProxy and Apache take them from vigia, its
// probes' too; HAProxy sends them to vigia in all its forms, its own probes' LOCAL included. Ends with 0 where each learns the client's address.

import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { startVigia } from '../support/vigia.ts'

const CLIENT = '127.0.0.5'
const folder = mkdtempSync(join(tmpdir(), 'vigia-proxy-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const fixture = (name: string) => fileURLToPath(new URL(`../unit/control/fixtures/tls/${name}`, import.meta.url))
const pem = join(folder, 'both.pem')
writeFileSync(pem, readFileSync(fixture('node.crt'), 'utf8') + readFileSync(fixture('node.key'), 'utf8'))

let failed = 0
function tell(what: string, seen: string, wanted: string): void {
  const isRight = seen === wanted
  if (!isRight) failed += 1
  console.log(`${isRight ? 'ok  ' : 'BAD '} ${what}: ${seen}${isRight ? '' : `, expected ${wanted}`}`)
}

/** Ends with this program. */
async function run(command: string, args: readonly string[], port: number): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  // Apache ends its children only if it is asked to.
  process.once('exit', () => child.kill('SIGTERM'))
  await until(`${command} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}\n${said}`)
    return new Promise<boolean>(resolve => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
  })
}

async function curl(...args: string[]): Promise<string> {
  const all = ['-ks', '--max-time', '20', '--interface', CLIENT, ...args]
  return (await promisify(execFile)('curl', all, { encoding: 'utf8' })).stdout
}

/** The field in which a server says who its client is. */
const clientOf = (answer: string) =>
  /^x-client: (.*?)\r?$/im.exec(answer)?.[1] ?? `no X-Client in ${JSON.stringify(answer.slice(0, 80))}`

// 1. Receivers: plain, and with TLS behind the header.
const [nginxPort, nginxTls, haproxyPort, haproxyTls, apachePort] = [
  await freePort(),
  await freePort(),
  await freePort(),
  await freePort(),
  await freePort(),
]
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const nginx = file(
  'nginx.conf',
  `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; events {}
http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
server { listen 127.0.0.1:${nginxPort} proxy_protocol; listen 127.0.0.1:${nginxTls} proxy_protocol ssl;
ssl_certificate ${fixture('node.crt')}; ssl_certificate_key ${fixture('node.key')};
location / { add_header X-Client $proxy_protocol_addr always; return 200 ok; } } }`,
)
const haproxy = file(
  'haproxy.cfg',
  `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${haproxyPort} accept-proxy
  bind 127.0.0.1:${haproxyTls} accept-proxy ssl crt ${pem}
  http-request return status 200 hdr X-Client "%[src]"
`,
)
const apache = file(
  'apache.conf',
  `ServerRoot ${folder}
ServerName a.test
PidFile ${folder}/apache.pid
ErrorLog ${folder}/apache.log
Listen 127.0.0.1:${apachePort}
${['mpm_event', 'remoteip', 'headers', 'authz_core'].map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
RemoteIPProxyProtocol On
DocumentRoot ${folder}
Header always set X-Client "expr=%{REMOTE_ADDR}"
`,
)
await Promise.all([
  run('nginx', ['-c', nginx], nginxPort),
  run('haproxy', ['-db', '-f', haproxy], haproxyPort),
  run('apache2', ['-DFOREGROUND', '-f', apache], apachePort),
])
const receivers = [
  ['nginx', 'http', nginxPort],
  ['nginx, TLS', 'https', nginxTls],
  ['haproxy', 'http', haproxyPort],
  ['haproxy, TLS', 'https', haproxyTls],
  ['apache', 'http', apachePort],
] as const
for (const proxyProtocol of ['v1', 'v2']) {
  for (const [name, scheme, port] of receivers) {
    const url = `${scheme}://127.0.0.1:${port}`
    const tls = scheme === 'https' ? { tls: { caFile: fixture('ca.crt') } } : {}
    const upstreams = [{ name: 'node', url, ...tls }]
    for (const health of [{ path: '/', expect: { status: '200-499' } }, { type: 'tcp' }]) {
      const vigia = await startVigia({ pool: { proxyProtocol, upstreams, health } })
      const answer = await curl('-i', `http://127.0.0.1:${vigia.port}/x`, `http://127.0.0.1:${vigia.port}/y`)
      const probed = 'path' in health ? 'HTTP probes' : 'TCP probes'
      tell(`${proxyProtocol} to ${name}, ${probed}`, clientOf(answer), CLIENT)
      await vigia.stop()
    }
  }
}

// 2. HAProxy in front, as it sends each form, with health checks that say LOCAL.
const echo = createServer(({ headers }, response) => {
  response.setHeader('X-Client', `${headers['x-real-ip']} ${headers['x-forwarded-proto']}`).end()
})
await new Promise<void>(resolve => echo.listen(0, '127.0.0.1', resolve))
const behind = await freePort()
const vigia = await startVigia({
  upstreams: [(echo.address() as AddressInfo).port],
  config: {
    listeners: [{ name: 'web', address: `127.0.0.1:${behind}`, http2: true, proxyProtocol: { from: ['127.0.0.1'] } }],
    accessLog: true,
  },
})
const senders = [
  ['send-proxy', 'send-proxy', '', 'http'],
  ['send-proxy-v2', 'send-proxy-v2', '', 'http'],
  ['send-proxy-v2 with a checksum', 'send-proxy-v2 proxy-v2-options crc32c,unique-id', '', 'http'],
  [
    'send-proxy-v2-ssl, HTTP/1.1',
    'send-proxy-v2-ssl proxy-v2-options authority',
    `ssl crt ${pem} alpn http/1.1`,
    'https',
  ],
  [
    'send-proxy-v2-ssl, HTTP/2',
    'send-proxy-v2-ssl proxy-v2-options authority,crc32c',
    `ssl crt ${pem} alpn h2`,
    'https',
  ],
] as const
const ports = await Promise.all(senders.map(() => freePort()))
const front = senders.map(
  ([, how, bind], i) => `listen l${i}
  bind 127.0.0.1:${ports[i]} ${bind}
  unique-id-format %[uuid()]
  server vigia 127.0.0.1:${behind} ${how} check inter 200ms
`,
)
await run(
  'haproxy',
  [
    '-db',
    '-f',
    file(
      'front.cfg',
      `defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n${front.join('')}`,
    ),
  ],
  ports[0]!,
)
for (const [i, [name, , , scheme]] of senders.entries()) {
  const url = `${scheme}://localhost:${ports[i]}/${i}`
  const answer = await curl('-i', '--http2', url)
  tell(`haproxy ${name} to vigia`, clientOf(answer), `${CLIENT} ${scheme}`)
}
const refused = /^vigia_proxy_header_refusals_total.* [1-9].*$/gm
const seen = ((await vigia.metrics()).match(refused) ?? []).join(' ')
tell('refusals, after health checks of HAProxy', seen === '' ? 'none' : seen, 'none')
for (const line of vigia
  .stdout()
  .split('\n')
  .filter(each => each.includes('"access"'))) {
  const { path, protocol, proxied } = JSON.parse(line)
  console.log(`     log: ${path} ${protocol} ${JSON.stringify(proxied)}`)
}
await vigia.stop()
console.log(failed === 0 ? 'all as expected' : `${failed} are not as expected`)
process.exit(failed === 0 ? 0 : 1)
