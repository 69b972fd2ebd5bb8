// Orders against a real CA, without workers: what a CA finds is answered by a server of the test.

import { X509Certificate } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Acme } from '../../../src/control/certificates/acme/acme.ts'
import type { AcmeEvent } from '../../../src/control/certificates/acme/acme-event.ts'
import { ChallengeBoard } from '../../../src/control/certificates/acme/challenge-board.ts'
import { type KeptRow, rowOf } from '../../../src/control/certificates/acme/kept.ts'
import { renewalId } from '../../../src/control/certificates/acme/x509.ts'
import type { AcmePlan } from '../../../src/plan/acme.ts'
import { type AcmeChallenges, CHALLENGE_PATH } from '../../../src/shared/acme-challenges.ts'
import { type CaFront, startCaFront } from '../../support/ca-front.ts'
import { freePort } from '../../support/free-port.ts'
import { HAS_PEBBLE, NEEDS_PEBBLE, type Pebble, startPebble } from '../../support/pebble.ts'
import { until } from '../../support/until.ts'

const NAME = 'erp.test'
const PROBLEM = { 'content-type': 'application/problem+json' }
const LISTENERS = [{ name: 'web', tls: { certificates: [] } }]
const HOUR_MS = 3_600_000

let pebble: Pebble
let front: CaFront
let answers: Server
let httpPort: number
/** What workers would know now. */
let challenges: AcmeChallenges | undefined
/** In the place of the right answer. */
let wrongAnswer: string | undefined

/** One vigia's part of it, started with what another has kept. */
function startAcme(kept: ReadonlyMap<string, KeptRow> = new Map(), plan: Partial<AcmePlan> = {}) {
  const told: AcmeEvent[] = []
  const rows = new Map(kept)
  let changes = 0
  const acme = new Acme({
    version: '1.0',
    board: new ChallengeBoard({ send: all => (challenges = all), isKnown: version => challenges?.version === version }),
    keep: what => {
      const row = rowOf(what)
      rows.set(row.id, structuredClone(row))
    },
    changed: () => (changes += 1),
    tell: event => told.push(event),
  })
  const wanted = {
    acme: {
      ...{
        directory: front.directory,
        email: undefined,
        eab: undefined,
        challenge: 'http-01',
        names: [NAME],
        ca: front.ca,
      },
      ...plan,
    },
    listeners: LISTENERS,
    routes: [],
  } as unknown as Parameters<Acme['adopt']>[0]
  acme.restore([...kept.values()], true)
  acme.adopt(wanted)
  const next = async <K extends AcmeEvent['kind']>(kind: K): Promise<Extract<AcmeEvent, { kind: K }>> => {
    const before = told.length
    acme.tick(Date.now())
    await until(`${kind}: ${JSON.stringify(told)}`, () => told.length > before)
    expect(told.at(-1)).toMatchObject({ kind })
    return told.at(-1) as Extract<AcmeEvent, { kind: K }>
  }
  return { acme, told, rows, wanted, next, changes: () => changes, state: () => acme.names[0]! }
}

const orders = () => front.asked.filter(line => line.startsWith('POST /order-plz')).length
const made = () => front.asked.filter(line => line.startsWith('POST /sign-me-up')).length

describe.runIf(HAS_PEBBLE)(`a certificate by ACME${NEEDS_PEBBLE}`, () => {
  beforeAll(async () => {
    httpPort = await freePort()
    answers = createServer(({ url }, response) => {
      const found = challenges?.http.find(({ token }) => url === CHALLENGE_PATH + token)
      if (found === undefined) response.statusCode = 404
      response.end(wrongAnswer ?? found?.keyAuthorization)
    })
    await new Promise<void>(resolve => answers.listen(httpPort, '127.0.0.1', resolve))
    pebble = await startPebble({ names: [NAME, 'two.test'], httpPort, validS: 3600 })
    front = await startCaFront(pebble)
  })

  afterAll(async () => {
    front?.close()
    answers?.close()
    await pebble?.close()
  })

  beforeEach(() => {
    front.asked.length = 0
    front.answer = () => undefined
    front.rewrite = (_, body) => body
    wrongAnswer = undefined
  })

  test('is ordered, served, kept with its key, and there after a restart without another order', async () => {
    const first = startAcme()
    const { now, before } = await first.next('issued')
    expect(before).toBeUndefined()
    expect(now).toMatchObject({ names: [NAME], keyWords: 'ECDSA P-256' })
    expect(first.changes()).toBeGreaterThan(0)
    const [served] = first.acme.certificatesFor(first.wanted)
    expect(served?.listeners).toEqual(['web'])
    const [leaf, issuer] = served!.cert.split(/(?=-----BEGIN)/).map(pem => new X509Certificate(pem))
    expect(leaf!.checkIssued(issuer!)).toBe(true)
    expect(issuer!.checkIssued(new X509Certificate(await pebble.root()))).toBe(true)
    expect(challenges).toMatchObject({ http: [], tls: [] })
    // A third of the hour is left by then, and a little less.
    expect((now.untilMs - first.state().nextMs!) / HOUR_MS).toBeCloseTo(0.33, 1)

    front.asked.length = 0
    const second = startAcme(first.rows)
    second.acme.tick(Date.now())
    expect(second.acme.certificatesFor(second.wanted)).toEqual([served])
    expect(second.state().isOrdering).toBe(false)
    expect(orders()).toBe(0)
    await until('the CA was asked about its renewal', () => second.state().held!.askAtMs > Date.now())
  })

  test('is renewed in time, for the same account, with another key', async () => {
    const { next, acme, rows, wanted } = startAcme()
    const { now } = await next('issued')
    const [before] = acme.certificatesFor(wanted)
    const told = acme.names[0]!
    acme.tick(told.nextMs! - 1)
    expect(acme.names[0]!.isOrdering).toBe(false)
    acme.tick(told.nextMs!)
    await until('it was renewed', () => acme.certificatesFor(wanted)[0]!.cert !== before!.cert)
    expect(acme.certificatesFor(wanted)[0]!.key).not.toBe(before!.key)
    expect([made(), orders()]).toEqual([1, 2])
    expect(now.fingerprint).not.toBe(new X509Certificate(acme.certificatesFor(wanted)[0]!.cert).fingerprint256)
    expect([...rows.keys()]).toEqual([`account ${front.directory}`, `certificate ${NAME}`])
  })

  test('of several names is one each, at once, over one account', async () => {
    const { acme, told } = startAcme(undefined, { names: [NAME, 'two.test'] })
    acme.tick(Date.now())
    await until('both have one', () => told.length === 2)
    expect(told.map(event => event.kind === 'issued' && event.now.names[0]).sort()).toEqual([NAME, 'two.test'])
    expect([made(), orders()]).toEqual([1, 2])
  })

  test('is served on while the CA is away, and comes when it is back, although that has forgotten the account', async () => {
    const { acme, next, state, wanted } = startAcme()
    const { now } = await next('issued')
    await pebble.stop()
    acme.renew(NAME)
    const away = await next('failed')
    expect(away).toMatchObject({ trouble: 'unreachable', failures: 1, untilMs: now.untilMs })
    expect(acme.certificatesFor(wanted)).toHaveLength(1)
    expect(state().failure?.reason).toMatch(/can't be reached/)
    // Not before its time.
    acme.tick(away.retryAtMs - 1)
    expect(state().isOrdering).toBe(false)
    await pebble.start()
    front.asked.length = 0
    acme.tick(away.retryAtMs)
    acme.renew(NAME)
    const back = await next('issued')
    expect(back.before?.fingerprint).toBe(now.fingerprint)
    expect(made()).toBe(1)
    expect(state()).toMatchObject({ failures: 0, failure: undefined })
  })

  test('does not come where the CA finds something else, and says what it found', async () => {
    wrongAnswer = 'something else'
    const { next } = startAcme()
    const { reason, trouble, untilMs } = await next('failed')
    expect(trouble).toBe('not-proven')
    expect(reason).toMatch(/something else.*unauthorized.*port 80 of erp\.test/s)
    expect(untilMs).toBeUndefined()
    // What workers were told for it is gone again.
    expect(challenges?.http).toEqual([])
  })

  test('comes where the CA wants another nonce first', async () => {
    let refusals = 2
    front.answer = path => {
      if (path !== '/order-plz' || refusals === 0) return undefined
      refusals -= 1
      return { status: 400, headers: PROBLEM, body: JSON.stringify({ type: 'urn:ietf:params:acme:error:badNonce' }) }
    }
    await startAcme().next('issued')
    expect(orders()).toBe(3)
  })

  test('is not asked for again before the time that a CA names which has had too many orders', async () => {
    front.answer = path =>
      path === '/order-plz'
        ? {
            status: 429,
            headers: { ...PROBLEM, 'retry-after': '7200', 'replay-nonce': 'none' },
            body: JSON.stringify({ type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many certificates' }),
          }
        : undefined
    const { next } = startAcme()
    const { reason, trouble, retryAtMs } = await next('failed')
    expect({ reason, trouble }).toEqual({ reason: 'too many certificates (rateLimited)', trouble: 'busy' })
    expect((retryAtMs - Date.now()) / HOUR_MS).toBeCloseTo(2, 1)
    expect(orders()).toBe(1)
  })

  test('is ordered when its CA suggests, and the CA is told which one it follows (RFC 9773)', async () => {
    const at = Date.now()
    const ids: string[] = []
    front.rewrite = (path, body) =>
      path === '/dir'
        ? JSON.stringify({ ...JSON.parse(body), renewalInfo: new URL('/ari', front.directory).href })
        : body
    front.answer = path => {
      if (!path.startsWith('/ari/')) return undefined
      ids.push(path.slice('/ari/'.length))
      const suggestedWindow = { start: new Date(at + 600_000).toISOString(), end: new Date(at + 601_000).toISOString() }
      return { status: 200, headers: { 'retry-after': '3600' }, body: JSON.stringify({ suggestedWindow }) }
    }
    const { acme, next, state, wanted } = startAcme()
    await next('issued')
    const [served] = acme.certificatesFor(wanted)
    acme.tick(Date.now())
    await until('the CA has said when', () => state().held?.window)
    expect(ids).toEqual([renewalId(served!.cert)])
    expect((state().nextMs! - at) / 1000).toBeCloseTo(600.5, -1)
    expect((state().held!.askAtMs - Date.now()) / HOUR_MS).toBeCloseTo(1, 1)
    // Pebble knows nothing of that, and takes the order.
    acme.tick(at + 601_000)
    await until('it was renewed', () => acme.certificatesFor(wanted)[0]!.cert !== served!.cert)
    expect(orders()).toBe(2)
  })

  test('comes from a CA that lets in only whom it knows, with the key that it has given (RFC 8555 7.3.4)', async () => {
    const hmacKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W'
    const closed = await startPebble({ names: [NAME], httpPort, eab: { 'kid-1': hmacKey } })
    try {
      const plan = { directory: closed.directory, ca: closed.ca }
      const stranger = await startAcme(undefined, plan).next('failed')
      expect(stranger).toMatchObject({ trouble: 'refused', reason: expect.stringContaining('externalAccountRequired') })
      const wrong = { keyId: 'kid-1', hmacKey: hmacKey.replace('z', 'y') }
      expect(await startAcme(undefined, { ...plan, eab: wrong }).next('failed')).toMatchObject({ trouble: 'refused' })
      await startAcme(undefined, { ...plan, eab: { keyId: 'kid-1', hmacKey } }).next('issued')
    } finally {
      await closed.close()
    }
  })

  test('ends what is under way when vigia stops', async () => {
    front.rewrite = (path, body) => (path.startsWith('/authZ/') ? body.replace('"valid"', '"pending"') : body)
    const { acme, told, state } = startAcme()
    acme.tick(Date.now())
    await until('it was offered', () => challenges?.http.length === 1)
    acme.close()
    await until('it has ended', () => !state().isOrdering)
    expect(told).toEqual([])
    expect(challenges?.http).toEqual([])
  })
})

test('a certificate is named as RFC 9773 4.1 says, its serial number as it stands in it', async () => {
  const { AuthorityKeyIdentifierExtension, X509CertificateGenerator } = await import('@peculiar/x509')
  const keys = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as never
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    serialNumber: '0087654321',
    name: 'CN=example.com',
    extensions: [new AuthorityKeyIdentifierExtension('69885b6b87464041e1b37b847ba0ae2cde01c8d4')],
  })
  expect(renewalId(certificate.toString('pem'))).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE')
})
