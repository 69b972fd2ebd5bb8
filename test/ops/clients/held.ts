// Real clients whose requests are held: `node test/ops/clients/held.ts`. Does each say what is true: held is success, not held an error?
// Outside of `npm test`: it needs Debian's curl, python3-requests, php-soap, libsoap-lite-perl and libxmlrpc-lite-perl.

import { spawn } from 'node:child_process'
import type { ClosedRoute } from '../../../src/shared/messages.ts'
import { startDataPlane } from '../../support/data-plane.ts'
import { freePort } from '../../support/free-port.ts'
import { ScriptedHeld } from '../../support/scripted-held.ts'
import { missingPackages } from '../servers/node.ts'

interface Client {
  readonly name: string
  readonly kind: 'http' | 'xml-rpc' | 'soap'
  readonly packages: readonly string[]
  /** Prints a line, and ends with 0 where it takes the call for done. */
  readonly command: (url: string) => readonly string[]
}

const python = (text: string) => ['/usr/bin/python3', '-c', text]
const CLIENTS: readonly Client[] = [
  {
    name: 'curl -f',
    kind: 'http',
    packages: ['curl'],
    command: url => ['curl', '-sf', '-o', '/dev/null', '-w', '%{http_code}', '-d', 'x=1', url],
  },
  {
    name: 'urllib',
    kind: 'http',
    packages: ['python3'],
    command: url => python(`import urllib.request as r; print(r.urlopen('${url}', b'x=1').status)`),
  },
  {
    name: 'requests',
    kind: 'http',
    packages: ['python3-requests'],
    command: url =>
      python(`import requests; a = requests.post('${url}', data='x'); a.raise_for_status(); print(a.status_code)`),
  },
  {
    name: 'fetch',
    kind: 'http',
    packages: [],
    command: url => [
      process.execPath,
      '-e',
      `fetch('${url}', { method: 'POST', body: 'x' }).then(a => { console.log(a.status); process.exit(a.ok ? 0 : 1) })`,
    ],
  },
  {
    name: 'xmlrpc.client',
    kind: 'xml-rpc',
    packages: ['python3'],
    command: url => python(`import xmlrpc.client as x; print(x.ServerProxy('${url}').order.create('x'))`),
  },
  {
    name: 'XMLRPC::Lite',
    kind: 'xml-rpc',
    packages: ['libxmlrpc-lite-perl'],
    command: url => [
      ...['perl', '-MXMLRPC::Lite', '-e'],
      `my $a = XMLRPC::Lite->proxy('${url}')->call('order.create', 'x'); die $a->faultstring if $a->fault; print $a->result`,
    ],
  },
  {
    name: 'SOAP::Lite',
    kind: 'soap',
    packages: ['libsoap-lite-perl'],
    command: url => [
      ...['perl', '-MSOAP::Lite', '-e'],
      `my $a = SOAP::Lite->uri('urn:x')->proxy('${url}')->create('x'); die $a->faultstring if $a->fault; print $a->result`,
    ],
  },
  {
    name: 'PHP SoapClient',
    kind: 'soap',
    packages: ['php-soap'],
    command: url => [
      'php',
      '-r',
      `print (new SoapClient(null, ['location' => '${url}', 'uri' => 'urn:x']))->__soapCall('create', ['x']);`,
    ],
  },
]

const xml = (body: string) => ({
  status: 200,
  contentType: 'text/xml; charset=utf-8',
  body: `<?xml version="1.0"?>${body}`,
})
const ANSWERS = {
  http: undefined,
  'xml-rpc': xml(
    '<methodResponse><params><param><value><string>{id}</string></value></param></params></methodResponse>',
  ),
  soap: xml(
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><r:createResponse xmlns:r="urn:x"><return>{id}</return></r:createResponse></s:Body></s:Envelope>',
  ),
}

const PATIENCE_MS = 60_000
const thread = new ScriptedHeld()
const routes = Object.entries(ANSWERS).map(([kind, answer]) => ({
  name: kind,
  match: { path: `/${kind}` },
  pool: 'erp',
  hold: answer === undefined ? {} : { answer },
}))
const pools = { erp: { health: 'off', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${await freePort()}` }] } }
const plane = await startDataPlane({ store: '/nowhere/vigia.db', routes, pools }, { held: thread.buffer })
thread.connect(plane.worker)
const closed = (route: string): ClosedRoute => ({
  ...{ route, window: 'patching', reason: 'patches', timeZone: 'UTC', untilMs: undefined, bypasses: [] },
})
await plane.tell({ type: 'closed-routes', closedRoutes: routes.map(({ name }) => closed(name)) })

const faults: string[] = []
console.log('| client | route without an answer of its own | with one |\n|---|---|---|')
for (const client of CLIENTS) {
  const missing = missingPackages(client)
  if (missing.length > 0) {
    console.log(`| ${client.name} | skipped: apt-get install ${missing.join(' ')} | |`)
    continue
  }
  const cells = [await trial(client, 'http')]
  if (client.kind !== 'http') cells.push(await trial(client, client.kind))
  console.log(`| ${client.name} | ${cells.join(' | ')} |`)
}
await plane.stop()
for (const fault of faults) console.error(`held: ${fault}`)
process.exit(faults.length === 0 ? 0 : 1)

async function trial(client: Client, path: string): Promise<string> {
  const before = thread.holds.length
  const [program, ...args] = client.command(`http://127.0.0.1:${plane.port}/${path}`)
  // Not in this thread: it plays the other one.
  const { status, said } = await run(program!, args)
  const isHeld = thread.holds.length > before
  if ((status === 0) !== isHeld)
    faults.push(`${client.name}, /${path}: ${isHeld ? 'held' : 'not held'}, and it says ${said}`)
  if (thread.holds.length > before + 1)
    faults.push(`${client.name}, /${path}: sent it ${thread.holds.length - before} times`)
  return `${isHeld ? 'held' : 'not held'}: ${status === 0 ? 'done' : 'error'}, ${said}`
}

async function run(program: string, args: readonly string[]): Promise<{ status: number | null; said: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE_MS })
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += text))
  child.stderr.on('data', (text: Buffer) => (said += text))
  const status = await new Promise<number | null>(resolve => child.once('close', resolve))
  const last =
    said
      .trim()
      .split('\n')
      .findLast(line => line.trim() !== '') ?? ''
  return { status, said: last.slice(0, 70).replaceAll('|', '/') }
}
