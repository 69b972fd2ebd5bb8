// What is read of a certificate and its key, and what keeps them from being served.

import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readPair } from '../../../src/tls/certificate.ts'
import { namesOf, oneLine } from '../../../src/tls/certificate-names.ts'
import { makeCertificate } from '../../support/certificates.ts'

const DAY_MS = 86_400_000
const root = await makeCertificate({ subject: 'CN=Root', isAuthority: true })
const middle = await makeCertificate({ subject: 'CN=Middle', isAuthority: true, by: root })
const leaf = await makeCertificate({ names: ['ERP.example', '*.apps.example', '10.0.0.1', 'fd00::1'], by: middle })
const other = await makeCertificate({ names: ['other.example'] })
const chain = leaf.cert + middle.cert

const faultsOf = (cert: string, key: string, nowMs = Date.now()) => readPair(cert, key, nowMs).faults

describe('a pair that can be served', () => {
  test('says its names, its issuer, its key and its dates', () => {
    const { facts, faults, warnings } = readPair(chain, leaf.key, Date.now())
    expect({ faults, warnings }).toEqual({ faults: [], warnings: [] })
    expect(facts).toMatchObject({
      names: ['erp.example', '*.apps.example', '10.0.0.1', 'fd00::1'],
      issuer: 'CN=Middle',
      isSelfSigned: false,
      keyType: 'ecdsa',
      keyWords: 'ECDSA P-256',
    })
    expect(facts!.fingerprint).toMatch(/^[0-9a-f]{64}$/)
    expect(facts!.untilMs - facts!.fromMs).toBe(91 * DAY_MS)
  })

  test('may have an RSA key', async () => {
    const rsa = await makeCertificate({ names: ['rsa.example'], keyType: 'rsa' })
    expect(readPair(rsa.cert, rsa.key, Date.now())).toMatchObject({
      facts: { keyType: 'rsa', keyWords: 'RSA 2048', isSelfSigned: true },
      faults: [],
    })
  })

  test('may stand in one file, with words and CRLF between the blocks', () => {
    const both = `of the ERP\r\n${(leaf.key + chain).replaceAll('\n', '\r\n')}`
    expect(faultsOf(both, both)).toEqual([])
  })

  test('may have its root behind it', () => {
    expect(faultsOf(chain + root.cert, leaf.key)).toEqual([])
  })
})

describe('is refused, with whose fault it is:', () => {
  test.each([
    ['an empty certificate file', '', leaf.key, 'certificate', /^is empty$/],
    ['an empty key file', chain, ' \n', 'key', /^is empty$/],
    ['a key in the place of the certificate', leaf.key, leaf.key, 'certificate', /holds a key, and no certificate/],
    ['a certificate in the place of the key', chain, chain, 'key', /holds no PEM key/],
    ['no PEM', 'hello', leaf.key, 'certificate', /holds no PEM certificate/],
    [
      'DER in base64 of something else',
      chain.replace(/M/, 'N'),
      leaf.key,
      'certificate',
      /not a certificate \(number 1 of 2\)/,
    ],
    ['the key of another one', chain, other.key, 'key', /is not the key of this certificate/],
    [
      "the server's certificate behind its issuer",
      middle.cert + leaf.cert,
      leaf.key,
      'certificate',
      /at place 2 of 2: put it first/,
    ],
    [
      'a chain with a stranger in it',
      leaf.cert + other.cert,
      leaf.key,
      'certificate',
      /certificate 2 of 2 \(CN=other.example\) is not the issuer/,
    ],
    ['too many certificates', leaf.cert + middle.cert.repeat(20), leaf.key, 'certificate', /holds 21 certificates/],
  ])('%s', (_, cert, key, whose, message) => {
    const [fault, ...more] = faultsOf(cert, key)
    expect(more).toEqual([])
    expect(fault).toMatchObject({ in: whose, message: expect.stringMatching(message) })
  })

  test('one without names', async () => {
    const nameless = await makeCertificate({ subject: 'CN=erp.example' })
    expect(faultsOf(nameless.cert, nameless.key)[0]?.message).toMatch(/^names no host/)
  })

  test('one that has expired, and one that does not count yet', () => {
    const { fromMs, untilMs } = readPair(chain, leaf.key, Date.now()).facts!
    expect(faultsOf(chain, leaf.key, untilMs - 1)).toEqual([])
    expect(faultsOf(chain, leaf.key, untilMs)).toMatchObject([
      { kind: 'time', message: expect.stringMatching(/^has expired at .*Z: renew it/) },
    ])
    expect(faultsOf(chain, leaf.key, fromMs)).toEqual([])
    expect(faultsOf(chain, leaf.key, fromMs - 1)).toMatchObject([
      { kind: 'time', message: expect.stringMatching(/^counts from /) },
    ])
  })

  test.each(['pkcs8', 'pkcs1'] as const)('a key that is encrypted (%s)', type => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type, format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' },
    })
    expect(faultsOf(chain, privateKey)).toMatchObject([
      { in: 'key', message: expect.stringMatching(/^is encrypted.*openssl pkey/) },
    ])
  })

  test('a key of a kind that browsers do not take', () => {
    const made = execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ed25519',
        '-nodes',
        '-keyout',
        '-',
        '-subj',
        '/CN=x',
        '-addext',
        'subjectAltName=DNS:x',
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    ).toString()
    expect(faultsOf(made, made)).toMatchObject([
      { in: 'certificate', message: expect.stringMatching(/key of type ed25519/) },
    ])
  })

  test('a key that OpenSSL finds too short', () => {
    const made = execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:1024',
        '-nodes',
        '-keyout',
        '-',
        '-subj',
        '/CN=x',
        '-addext',
        'subjectAltName=DNS:x',
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    ).toString()
    expect(faultsOf(made, made)).toMatchObject([
      { in: 'certificate', message: expect.stringMatching(/^is refused by OpenSSL: .*too small/) },
    ])
  })

  test('and nothing of a key is ever said', () => {
    const secret = leaf.key.split('\n')[1]!
    for (const [cert, key] of [
      [leaf.key, leaf.key],
      [chain, leaf.key.replace('PRIVATE', 'PRIVATE ')],
      [chain, `x${leaf.key}`],
    ])
      expect(JSON.stringify(readPair(cert!, key!, Date.now()))).not.toContain(secret.slice(0, 20))
  })
})

describe('worth a word, though it can be served:', () => {
  test("the server's certificate alone, where its authority says where its issuer is", async () => {
    const lone = await makeCertificate({ names: ['a.example'], by: middle, issuerUrl: 'http://ca.example/middle.der' })
    expect(readPair(lone.cert, lone.key, Date.now()).warnings).toMatchObject([
      expect.stringMatching(/without its issuer \(CN=Middle\).*fullchain/),
    ])
    expect(readPair(lone.cert + middle.cert, lone.key, Date.now()).warnings).toEqual([])
  })

  test('an issuer that has expired', async () => {
    const old = await makeCertificate({ subject: 'CN=Old', isAuthority: true, untilDays: -0.5 })
    const young = await makeCertificate({ names: ['a.example'], by: old })
    const { faults, warnings } = readPair(young.cert + old.cert, young.key, Date.now())
    expect(faults).toEqual([])
    expect(warnings).toMatchObject([expect.stringMatching(/issuer that has expired \(CN=Old\)/)])
  })
})

describe('names as node:crypto prints them', () => {
  test.each([
    [undefined, []],
    ['DNS:A.example, DNS:a.example', ['a.example']],
    ['IP Address:FD00:0:0:0:0:0:0:1, DNS:b, email:x@y.z, URI:http://h/p, DNS:c', ['fd00::1', 'b', 'c']],
    ['DNS:"a, DNS:evil.example", DNS:good.example', ['good.example']],
    ['othername:<unsupported>, DNS:d', ['d']],
    ['DirName:"C = BR, CN = x", DNS:e', ['e']],
  ])('%s', (text, names) => {
    expect(namesOf(text)).toEqual(names)
  })

  test('a distinguished name comes on one line, the nearest first', () => {
    expect(oneLine('C=BR\nO=Acme\\, Inc\nCN=x')).toBe('CN=x, O=Acme\\, Inc, C=BR')
  })
})
