// Certificates of clients, issued with openssl, on a real vigia: who is let in and who is not, over both protocols and both versions of TLS;
// what upstreams get told; which route takes whom; what becomes of open connections when authorities or lists change.

import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectH2 } from 'node:http2'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificate } from '../../support/certificates.ts'
import { freePort } from '../../support/free-port.ts'
import { askHttp } from '../../support/http-client.ts'
import { type HttpUpstream, type SeenRequest, startHttpUpstream } from '../../support/http-upstream.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { type IssuedCertificate, OpensslAuthority } from '../../support/openssl-authority.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-clients-'))
const [CA, LISTS] = [join(folder, 'ca.pem'), join(folder, 'lists.pem')]
const GET = 'GET / HTTP/1.1\r\nHost: erp.example\r\n\r\n'

const [root, stranger] = await Promise.all([
  OpensslAuthority.create(folder, '/O=Partner/CN=Partner Root'),
  OpensslAuthority.create(folder, '/O=Elsewhere/CN=Elsewhere Root'),
])
const sub = await OpensslAuthority.create(folder, '/O=Partner/CN=Partner Branches', root)
const good = await root.issue({
  subject: '/O=Partner/OU=EDI/CN=edi.partner.example',
  san: 'DNS:edi.partner.example,URI:spiffe://partner.example/erp/edi',
})
const branch = await sub.issue({ subject: '/O=Partner/CN=7', san: 'DNS:seven.branch.example' })
const revoked = await root.issue({ subject: '/O=Partner/CN=gone' })
const leaving = await root.issue({ subject: '/O=Partner/CN=leaving' })
const expired = await root.issue({ subject: '/O=Partner/CN=old', expired: true })
const server = await root.issue({ subject: '/O=Partner/CN=server', usage: 'serverAuth' })
const unknown = await stranger.issue({ subject: '/O=Partner/OU=EDI/CN=edi.partner.example' })
await root.revoke(revoked)

const putLists = async () => writeFileSync(LISTS, (await root.list()) + (await sub.list()))

let upstream: HttpUpstream
let vigia: Vigia
/** Requires a certificate, asks for one, or knows of none. */
let [requires, asks, plain] = [0, 0, 0]

beforeAll(async () => {
  writeFileSync(CA, root.cert)
  await putLists()
  const own = await makeCertificate({ names: ['erp.example', '127.0.0.1'] })
  const other = await makeCertificate({ names: ['other.example'] })
  for (const [name, { cert, key }] of Object.entries({ own, other })) {
    writeFileSync(join(folder, `${name}.pem`), cert)
    writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 })
  }
  const certificates = ['own', 'other'].map(name => ({
    certFile: join(folder, `${name}.pem`),
    keyFile: join(folder, `${name}.key`),
  }))
  ;[requires, asks, plain] = [await freePort(), await freePort(), await freePort()]
  upstream = await startHttpUpstream('erp-1')
  const files = { caFile: CA, revokedFile: LISTS }
  const headers = { request: { set: { 'X-Route': '{route}' } } }
  vigia = await lendVigia({
    upstreams: [upstream.port],
    pool: { headers },
    config: {
      accessLog: true,
      listeners: [
        { name: 'requires', address: `127.0.0.1:${requires}`, tls: { certificates, clients: files } },
        {
          name: 'asks',
          address: `127.0.0.1:${asks}`,
          tls: { certificates, clients: { ...files, mode: 'request', field: 'X-Partner-Cert', chain: true } },
        },
        { name: 'plain', address: `127.0.0.1:${plain}` },
      ],
      routes: [
        { name: 'edi', match: { clientCertificate: { subject: 'CN=edi.partner.example, O=Partner' } }, pool: 'erp' },
        { name: 'branch', match: { clientCertificate: { san: '*.branch.example' } }, pool: 'erp' },
        { name: 'guarded', match: { path: '/guarded' }, access: { clientCertificate: 'any' }, pool: 'erp' },
        { name: 'rest', pool: 'erp' },
      ],
    },
  })
})

afterAll(async () => {
  closeClients()
  try {
    await vigia?.stop()
  } finally {
    await upstream?.close()
    rmSync(folder, { recursive: true })
  }
})

const as = ({ cert, key }: IssuedCertificate) => ({ cert, key })

/** One request on a connection of its own; the status, or how the handshake failed. */
async function ask(port: number, who: IssuedCertificate | undefined, options: object = {}): Promise<number | string> {
  return new Promise(resolve => {
    const secure = { agent: false as const, rejectUnauthorized: false, ...(who && as(who)), ...options }
    const sent = request({ port, host: '127.0.0.1', ...secure, headers: { host: 'erp.example' } }, answer => {
      answer.resume().on('end', () => resolve(answer.statusCode!))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    sent.end()
  })
}

async function seen(port: number, who: IssuedCertificate | undefined, lines = ''): Promise<SeenRequest> {
  const client = await RawClient.secure(port, who && as(who))
  client.send(`GET /x HTTP/1.1\r\nHost: erp.example\r\n${lines}\r\n`)
  const { body } = await client.response()
  client.close()
  return JSON.parse(body.toString())
}

const field = ({ fields }: SeenRequest, name: string) =>
  fields.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
const told = ({ fields }: SeenRequest) => fields.map(([name]) => name).filter(name => /cert/i.test(name))

/** Over HTTP/2: the answer of one request, then the end of the connection, where vigia ends it. */
function askH2(port: number, who: IssuedCertificate): Promise<{ status: number; goAway: boolean }> {
  return new Promise((resolve, reject) => {
    const session = connectH2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...as(who) })
    let goAway = false
    session.on('error', reject)
    session.on('goaway', () => {
      goAway = true
    })
    const stream = session.request({ ':path': '/x', ':authority': 'erp.example' })
    stream.on('response', ({ ':status': status = 0 }) => {
      stream.resume()
      stream.on('end', () => {
        const done = () => {
          session.destroy()
          resolve({ status, goAway })
        }
        // What is refused ends by itself.
        if (status === 403) session.once('close', done)
        else done()
      })
    })
    stream.on('error', reject)
  })
}

const curl = (args: readonly string[]): Promise<string> =>
  new Promise(resolve => {
    execFile('curl', ['-sk', ...args], (error, out) => resolve(error ? `exit ${error.code}` : out))
  })

describe('who has no certificate', () => {
  test.each([
    ['TLSv1.3', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
    ['TLSv1.2', 'EPROTO'],
  ])('is refused with an alert where one is required, and told from others: %s', async (version, code) => {
    const before = await failures('no-client-certificate')
    expect(await ask(requires, undefined, { maxVersion: version })).toBe(code)
    await until('it is counted', async () => (await failures('no-client-certificate')) === before + 1)
  })

  test('is served where one is only asked for, by the routes for everybody', async () => {
    const request = await seen(asks, undefined)
    expect([field(request, 'x-route'), told(request)]).toEqual([['rest'], []])
  })
})

describe('a certificate of the authority', () => {
  test.each(['TLSv1.3', 'TLSv1.2'])('is let in over %s, whatever host the client asks for', async version => {
    const options = { maxVersion: version, minVersion: version }
    for (const servername of ['erp.example', 'other.example', undefined])
      expect(await ask(requires, good, { ...options, ...(servername && { servername }) })).toBe(200)
  })

  test('is let in over HTTP/2, and by curl', async () => {
    expect(await askH2(requires, good)).toEqual({ status: 200, goAway: false })
    const answer = await curl([
      '--http2',
      '--cert',
      good.certFile,
      '--key',
      good.keyFile,
      `https://127.0.0.1:${requires}/x`,
    ])
    expect(field(JSON.parse(answer), 'x-route')).toEqual(['edi'])
  })

  test('reaches the upstream as RFC 9440 has it, and nothing that says the same', async () => {
    const der = new X509Certificate(good.cert).raw
    const forged = [
      'Client-Cert: :Zm9v:',
      'client_cert: x',
      'Client.Cert: x',
      'X-Partner-Cert: x',
      'x-partner-cert-chain: x',
    ]
    const request = await seen(requires, good, `${forged.join('\r\n')}\r\n`)
    expect([told(request), field(request, 'client-cert')]).toEqual([['Client-Cert'], [`:${der.toString('base64')}:`]])
  })

  test('reaches it with those of its issuers where that is asked for, under the name that was given', async () => {
    const [own, issuer] = branch.cert.split(/(?<=-----END CERTIFICATE-----\n)/).map(pem => new X509Certificate(pem))
    const request = await seen(asks, branch)
    const bytes = (certificate: X509Certificate) => `:${certificate.raw.toString('base64')}:`
    expect(field(request, 'x-partner-cert')).toEqual([bytes(own!)])
    expect(field(request, 'x-partner-cert-chain')).toEqual([bytes(issuer!)])
  })

  test('shows in the access log', async () => {
    await seen(requires, good)
    const fingerprint = createHash('sha256').update(new X509Certificate(good.cert).raw).digest('hex')
    const wanted = { subject: 'CN=edi.partner.example, OU=EDI, O=Partner', fingerprint }
    await until('its line is there', () => vigia.stdout().includes(`"clientCertificate":${JSON.stringify(wanted)}`))
  })

  test('decides which route takes a request, and who may use one', async () => {
    const routes = async (who: IssuedCertificate | undefined) => field(await seen(asks, who), 'x-route')
    expect([await routes(good), await routes(branch), await routes(leaving), await routes(undefined)]).toEqual([
      ...[['edi'], ['branch'], ['rest'], ['rest']],
    ])
    const status = async (who: IssuedCertificate | undefined, path: string) => {
      const client = await RawClient.secure(asks, who && as(who))
      client.send(`GET ${path} HTTP/1.1\r\nHost: erp.example\r\n\r\n`)
      const { status } = await client.response()
      client.close()
      return status
    }
    const paths = ['/guarded', '/%67uarded', '/x/..%2fguarded', '//guarded;a']
    for (const path of paths) expect([path, await status(undefined, path)]).toEqual([path, 403])
    expect(await status(leaving, '/guarded')).toBe(200)
  })

  test('is asked for anew by each connection: no session is resumed', async () => {
    const open = (session?: Buffer) =>
      new Promise<TLSSocket>((resolve, reject) => {
        const to = {
          port: requires,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          ...as(good),
          ...(session && { session }),
        }
        const socket = connect(to, () => resolve(socket))
        socket.on('error', reject)
      })
    for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
      const first = await open()
      first.write(GET)
      await new Promise(resolve => first.once('data', resolve))
      const session = first.getSession()!
      first.destroy()
      const second = await open(session)
      expect([maxVersion, second.isSessionReused()]).toEqual([maxVersion, false])
      second.destroy()
    }
  })
})

describe('a certificate that is not accepted', () => {
  const cases: readonly (readonly [string, IssuedCertificate, string, string])[] = [
    ['of another authority', unknown, 'certificate-untrusted', 'unable to verify the first certificate'],
    ['that is out of time', expired, 'certificate-expired', 'certificate has expired'],
    ['that was revoked', revoked, 'certificate-revoked', 'certificate revoked'],
    ['for servers', server, 'certificate-purpose', 'unsuitable certificate purpose'],
  ]

  test.each(cases)(
    '%s: each request is answered 403, the connection ends, and the operator reads why',
    async (_, who, code, why) => {
      for (const port of [requires, asks]) {
        const client = await RawClient.secure(port, as(who))
        client.send(`GET /x HTTP/1.1\r\nHost: erp.example\r\nAccept: application/json\r\n\r\n`)
        const { status, body } = await client.response()
        expect([status, JSON.parse(body.toString()).code]).toEqual([403, code])
        expect((await client.untilClosed()).ending).toBe('fin')
      }
      expect(await askH2(asks, who)).toEqual({ status: 403, goAway: true })
      const subject = new X509Certificate(who.cert).subject.split('\n').reverse().join(', ')
      const words = `failed: the certificate ${JSON.stringify(subject)}: ${why}`
      const isSaid = () => logged().some(({ msg }) => msg?.includes(words))
      await until(`it is said: ${words}`, isSaid)
    },
  )

  test('is counted for what it is', async () => {
    const before = await failures('bad-client-certificate')
    const rejected = await rejects('certificate-revoked')
    expect(await ask(requires, revoked)).toBe(403)
    expect([await failures('bad-client-certificate'), await rejects('certificate-revoked')]).toEqual([
      before + 1,
      rejected + 1,
    ])
  })
})

test('a client without TLS can forge none of the fields', async () => {
  const headers = {
    'Client-Cert': 'x',
    client_cert: 'x',
    'X-Partner-Cert': 'x',
    'X.Partner.Cert': 'x',
    'Client-Cert-Chain': 'x',
  }
  const { body } = await askHttp(plain, '/x', { headers })
  const request: SeenRequest = JSON.parse(body.toString())
  expect([told(request), field(request, 'x-route')]).toEqual([[], ['rest']])
})

test('authorities and their lists are shown with their ends', async () => {
  const answer = await fetch(`http://127.0.0.1:${vigia.adminPort}/certificates`)
  const { authorities } = (await answer.json()) as {
    authorities: { kind: string; name: string; state: string; revoked: number | null; listeners: string[] }[]
  }
  expect(authorities.map(({ kind, name, revoked, listeners }) => [kind, name, revoked, listeners])).toEqual([
    ['authority', 'CN=Partner Root, O=Partner', null, ['requires', 'asks']],
    ['revocation-list', 'CN=Partner Root, O=Partner', 1, ['requires', 'asks']],
    ['revocation-list', 'CN=Partner Branches, O=Partner', 0, ['requires', 'asks']],
  ])
  expect(await vigia.metrics()).toMatch(
    /vigia_client_authority_not_after_timestamp_seconds\{kind="revocation-list",name="CN=Partner Root, O=Partner"\} \d/,
  )
})

describe('when files change', () => {
  test('a certificate that is revoked loses its open connections, and others notice nothing, under load', async () => {
    const revision = (await vigia.status()).revision
    const agent = new Agent({ keepAlive: true, maxSockets: 4, rejectUnauthorized: false, ...as(good) })
    const answers: (number | string)[] = []
    let isOver = false
    const load = async () => {
      while (!isOver) answers.push(await ask(requires, good, { agent }))
    }
    const loads = [load(), load()]
    const client = await RawClient.secure(requires, as(leaving))
    client.send(GET)
    expect((await client.response()).status).toBe(200)
    const session = connectH2(`https://127.0.0.1:${requires}`, { rejectUnauthorized: false, ...as(leaving) })
    session.on('error', () => {})
    await new Promise(resolve => session.once('connect', resolve))
    const isGone = new Promise(resolve => session.once('close', resolve))
    await root.revoke(leaving)
    await putLists()
    // Idle: it is ended without a word.
    await client.untilClosed()
    await isGone
    expect(await ask(requires, leaving)).toBe(403)
    writeFileSync(CA, root.cert + stranger.cert)
    writeFileSync(LISTS, (await root.list()) + (await sub.list()) + (await stranger.list()))
    await until('the other authority counts', async () => (await ask(requires, unknown)) === 200)
    const guest = await RawClient.secure(requires, as(unknown))
    guest.send(GET)
    expect((await guest.response()).status).toBe(200)
    writeFileSync(CA, root.cert)
    await putLists()
    await guest.untilClosed()
    const count = answers.length
    await until('the load goes on', () => answers.length > count + 5)
    isOver = true
    await Promise.all(loads)
    agent.destroy()
    expect(answers.filter(each => each !== 200)).toEqual([])
    expect((await vigia.status()).revision).toBe(revision)
  })

  test('what can not be used leaves what is in use, and is told', async () => {
    writeFileSync(LISTS, 'nothing')
    await until('it shows', async () =>
      (await (await fetch(`http://127.0.0.1:${vigia.adminPort}/certificates`)).text()).includes(
        'holds no revocation list',
      ),
    )
    expect([await ask(requires, good), await ask(requires, revoked)]).toEqual([200, 403])
    await putLists()
    await until(
      'it is well again',
      async () =>
        !(await (await fetch(`http://127.0.0.1:${vigia.adminPort}/certificates`)).text()).includes(
          'holds no revocation list',
        ),
    )
  })
})

async function sample(name: string): Promise<number> {
  const line = (await vigia.metrics()).split('\n').find(each => each.startsWith(name))
  return Number(line?.split(' ').at(-1))
}

const failures = (reason: string) => sample(`vigia_tls_handshake_failures_total{reason="${reason}"}`)
const rejects = (reason: string) => sample(`vigia_request_rejects_total{reason="${reason}"}`)

/** What vigia has logged. */
function logged(): { readonly msg?: string }[] {
  return `${vigia.stdout()}\n${vigia.stderr()}`
    .split('\n')
    .flatMap(line => (line.startsWith('{') ? [JSON.parse(line)] : []))
}
