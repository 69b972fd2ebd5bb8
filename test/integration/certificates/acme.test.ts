// A whole vigia with two workers that gets its certificates from a real CA, by itself.

import type { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vigiaCommand } from '../../support/command.ts'
import { freePort } from '../../support/free-port.ts'
import { type HttpUpstream, startHttpUpstream } from '../../support/http-upstream.ts'
import { HAS_PEBBLE, NEEDS_PEBBLE, type Pebble, startPebble } from '../../support/pebble.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

const [NAME, OTHER] = ['erp.test', 'portal.test']
const folder = mkdtempSync(join(tmpdir(), 'vigia-acme-'))
const store = join(folder, 'vigia.db')
let pebble: Pebble
let upstream: HttpUpstream
let vigia: Vigia
let httpPort: number
let tlsPort: number

const config = (acme: object = {}) => ({
  workers: 2,
  listeners: [
    { name: 'plain', address: `127.0.0.1:${httpPort}`, redirect: 'https' },
    { name: 'secure', address: `127.0.0.1:${tlsPort}`, tls: {} },
  ],
  // Nobody may use the ERP but a machine that is not this one: the CA is let through all the same.
  routes: [
    { pool: 'erp', match: { host: NAME, path: '/closed' }, access: { allow: ['192.0.2.1'] } },
    { pool: 'erp', match: { host: NAME } },
  ],
  acme: { directory: pebble.directory, caFile: pebble.caFile, termsAgreed: true, email: `ops@${NAME}`, ...acme },
  store,
})
const start = (acme?: object) => startVigia({ upstreams: [upstream.port], config: config(acme) })
const admin = () => `http://127.0.0.1:${vigia.adminPort}`

/** Of what a client is shown that names this host. */
function shown(servername: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: tlsPort, host: '127.0.0.1', servername, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()!)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

/** As a browser asks that trusts the CA, over HTTP/2; rejects where it does not trust what it is shown. */
function ask(ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://${NAME}`, { createConnection: () => secureSocket(ca) })
    session.on('error', reject)
    session.request({ ':path': '/' }).on('response', fields => {
      resolve(fields[':status']!)
      session.destroy()
    })
  })
}

function secureSocket(ca: string) {
  return connect({ port: tlsPort, host: '127.0.0.1', servername: NAME, ca, ALPNProtocols: ['h2'] })
}

const issued = async (name: string, before?: X509Certificate) => {
  const isNew = async () => {
    const certificate = await shown(name)
    const isOfCa = certificate.issuer.includes('Pebble') && certificate.checkHost(name) !== undefined
    return isOfCa && certificate.fingerprint256 !== before?.fingerprint256 && certificate
  }
  return until(`a certificate for ${name}`, isNew, { everyMs: 100 }).catch(error => {
    throw new Error(`${error.message}\n${vigia.stdout()}${vigia.stderr()}\n${pebble.log()}`)
  })
}

describe.runIf(HAS_PEBBLE)(`a vigia with acme${NEEDS_PEBBLE}`, () => {
  beforeAll(async () => {
    ;[httpPort, tlsPort] = [await freePort(), await freePort()]
    pebble = await startPebble({ names: [NAME, OTHER], httpPort, tlsPort, validS: 86_400 })
    upstream = await startHttpUpstream()
    // The CA is away at first: what clients get until it is there can be looked at.
    await pebble.stop()
    vigia = await start()
  })

  afterAll(async () => {
    await vigia?.stop()
    await pebble?.close()
    await upstream?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('serves with a self-signed certificate until the first one has come, and says so', async () => {
    const certificate = await shown(NAME)
    expect([certificate.issuer, certificate.checkHost(NAME)]).toEqual(['CN=vigia (self-signed)', NAME])
    await until('the first order has failed', async () => (await vigia.status()).acme?.names[0]?.failures)
    const { acme, certificates } = await vigia.status()
    expect(certificates).toMatchObject([{ came: 'self-signed', listeners: ['secure'] }])
    expect(acme).toMatchObject({
      directory: pebble.directory,
      names: [{ name: NAME, state: 'failing', notAfter: null, lastError: { trouble: 'unreachable' } }],
    })
    expect(vigia.stderr()).toContain(`no certificate yet for ${NAME}`)
    const listed = await vigiaCommand(['certificates', '--admin', admin()])
    expect(listed.code).toBe(1)
    expect(listed.stdout).toMatch(
      /made by vigia itself[\s\S]*erp\.test: no new certificate, tried once: the CA is away/,
    )
  })

  test('gets its certificate when somebody asks for it, past redirects and access rules', async () => {
    await pebble.start()
    const args = ['certificates', 'renew', NAME, '--reason', 'the CA is back', '--by', 'ana', '--admin', admin()]
    // The next try that vigia makes by itself may be under way just now.
    await until('it is ordered', async () => (await vigiaCommand(args)).code === 0)
    await issued(NAME)
    expect(await ask(await pebble.root())).toBe(200)
    await until('all of it is known', async () => (await vigia.status()).acme?.names[0]?.state === 'ok')
    const listed = await vigiaCommand(['certificates', '--admin', admin()])
    expect(listed.stdout).toMatch(/came by ACME[\s\S]*erp\.test: ok, renewed in 1[56] h/)
    expect(listed.code).toBe(0)
    expect(await vigia.metrics()).toMatch(/vigia_acme_orders_total\{result="issued"\} [12]\n/)
    const audit = await vigiaCommand(['audit', '--json', '--admin', admin()])
    expect(audit.stdout).toMatch(/"certificate\.renew"[\s\S]*"ana"|"ana"[\s\S]*"certificate\.renew"/)
    expect(audit.stdout).toContain('"certificate.issue"')
    // Whoever asks for something else of that place is a client like others.
    expect((await fetchText(httpPort, '/.well-known/acme-challenge/nothing')).status).not.toBe(308)
  })

  test('keeps keys to itself: they are in the store, which nobody else may read, and nowhere else', async () => {
    const said = [vigia.stdout(), vigia.stderr(), JSON.stringify(await vigia.status())]
    said.push(
      (await vigiaCommand(['audit', '--json', '--admin', admin()])).stdout,
      (await vigiaCommand(['events', '--json', '--admin', admin()])).stdout,
    )
    expect(said.join()).not.toContain('PRIVATE KEY')
    for (const file of [store, `${store}.orders`]) expect(statSync(file).mode & 0o077).toBe(0)
    expect(readFileSync(`${store}.orders`, 'utf8')).toContain('PRIVATE KEY')
  })

  test('has the same certificate after a restart, from its first connection on, without another order', async () => {
    const before = await shown(NAME)
    await vigia.stop()
    await pebble.stop()
    vigia = await start()
    expect((await shown(NAME)).fingerprint256).toBe(before.fingerprint256)
    expect(vigia.stderr() + vigia.stdout()).not.toContain('self-signed')
    expect((await vigia.status()).acme?.names).toMatchObject([{ state: 'ok', failures: 0 }])
    await pebble.start()
  })

  test('gets one by tls-alpn-01 as well, for a name that a reload has brought; nobody else notices', async () => {
    const before = await shown(NAME)
    const looks: Promise<X509Certificate>[] = []
    const said = pebble.log().length
    await vigia.writeConfig(config({ challenge: 'tls-alpn-01', names: [NAME, OTHER] }))
    const reloaded = await vigiaCommand(['reload', '--admin', admin()])
    expect(reloaded).toMatchObject({ code: 0 })
    const look = setInterval(() => looks.push(shown(NAME)), 50)
    await issued(OTHER).finally(() => clearInterval(look))
    const seen = await Promise.all(looks)
    expect(new Set(seen.map(each => each.fingerprint256))).toEqual(new Set([before.fingerprint256]))
    expect(pebble.log().slice(said)).not.toContain('validate w/ HTTP')
  })

  test('refuses what it can not renew', async () => {
    const other = await vigiaCommand(['certificates', 'renew', 'epr.test', '--admin', admin()])
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean "erp.test"') })
  })
})
