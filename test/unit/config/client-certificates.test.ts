// Certificates of clients: what is refused and in which words, and what becomes of what is taken.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { changeText, diffSnapshots } from '../../../src/config/shown/diff.ts'
import { makeCertificate, makeRevocationList } from '../../support/certificates.ts'
import { type Case, expectEach } from './cases.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-clients-'))
afterAll(() => rmSync(folder, { recursive: true }))
const FILE = join(folder, 'test.yaml')
const { cert, key } = await makeCertificate({ names: ['erp.example.com'] })
const root = await makeCertificate({ subject: 'CN=Root', isAuthority: true })
writeFileSync(join(folder, 'a.pem'), cert)
writeFileSync(join(folder, 'a.key'), key, { mode: 0o600 })
writeFileSync(join(folder, 'ca.pem'), root.cert)
writeFileSync(join(folder, 'crl.pem'), await makeRevocationList(root))
writeFileSync(join(folder, 'late.pem'), await makeRevocationList(root, [], { fromDays: -9, untilDays: -2 }))

const listener = (clients: string) =>
  `[{ name: web, address: "127.0.0.1:443", tls: { certificates: [{ certFile: a.pem, keyFile: a.key }], clients: ${clients} } }]`
const ASKS = listener('{ caFile: ca.pem }')
const one = (clients: string) => ({ listeners: listener(clients) })
const routes = (keys: string) => ({ listeners: ASKS, routes: `[{ pool: erp, ${keys} }]` })

describe('is refused:', () => {
  const cases: readonly Case[] = [
    ['no authority', one('{ mode: require }'), '2:112: listeners[0].tls.clients: the key "caFile" is missing'],
    [
      'words of other products',
      one('{ caFile: ca.pem, crl: crl.pem, mode: optional }'),
      '2:130: listeners[0].tls.clients.crl: unknown key, did you mean "revokedFile"?',
      '2:150: listeners[0].tls.clients.mode: "optional" is not valid here, expected "request" or "require", did you mean "request"?',
    ],
    [
      'a field that means something else',
      one('{ caFile: ca.pem, field: Authorization }'),
      '2:137: listeners[0].tls.clients.field: "Authorization" has a meaning of its own: choose another name, such as Client-Cert',
    ],
    [
      'files that are not there, or hold something else',
      one('{ caFile: a.key, revokedFile: none.pem }'),
      `2:142: listeners[0].tls.clients.revokedFile: the file "none.pem" does not exist (it is looked for from the configuration's folder)`,
    ],
    [
      'no authority in its file',
      one('{ caFile: a.key }'),
      '2:122: listeners[0].tls.clients.caFile: the file "a.key" holds no PEM certificate, expected "-----BEGIN CERTIFICATE-----" ...',
    ],
    [
      'a route that is matched by what nobody is asked for',
      { routes: '[{ pool: erp, match: { clientCertificate: any }, access: { clientCertificate: any } }]' },
      '4:26: routes[0].match.clientCertificate: no listener of this route asks clients for certificates: set listeners[].tls.clients',
      '4:62: routes[0].access.clientCertificate: no listener of this route asks clients for certificates: set listeners[].tls.clients',
    ],
    [
      'conditions that are none',
      routes('match: { clientCertificate: { subject: "edi", san: ["*", a b], issuer: "CN=*x", fingerprint: abc } }'),
      '4:56: routes[0].match.clientCertificate.subject: "edi" is not what is expected here: attributes such as "CN=edi.partner.example, O=Partner"',
      '4:69: routes[0].match.clientCertificate.san[0]: "*" is not what is expected here: a name such as edi.partner.example, *.partner.example, spiffe://partner.example/erp or edi@partner.example',
      '4:74: routes[0].match.clientCertificate.san[1]: "a b" is not what is expected here: a name such as edi.partner.example, *.partner.example, spiffe://partner.example/erp or edi@partner.example',
      '4:88: routes[0].match.clientCertificate.issuer: "CN=*x" is not what is expected here: attributes such as "CN=edi.partner.example, O=Partner"',
      '4:110: routes[0].match.clientCertificate.fingerprint: "abc" is not what is expected here: a SHA-256 fingerprint: 64 hexadecimal digits, colons or not',
    ],
    [
      'an empty condition',
      routes('access: { clientCertificate: {} }'),
      '4:27: routes[0].access.clientCertificate: is empty: set subject, san, issuer or fingerprint, or "any"',
    ],
    [
      'a cache for holders of certificates',
      routes('match: { clientCertificate: any }, cache: {}'),
      '4:52: routes[0].cache: what is for holders of certificates is not stored: remove it, or move match.clientCertificate to access.clientCertificate',
    ],
    [
      'a route behind one that takes the same certificates',
      {
        listeners: ASKS,
        routes:
          '[{ pool: erp, match: { path: /a, clientCertificate: any } }, { pool: erp, match: { path: /a/b, clientCertificate: any } }]',
      },
      '4:64: routes[1]: no request can reach this route: routes[0] before it takes all that it matches; move it up or remove it',
    ],
  ]
  expectEach(cases, {}, FILE)
})

test('a list that is overdue is an error to who checks, and no obstacle to who ran with it', () => {
  const text = documentOf(one('{ caFile: ca.pem, revokedFile: late.pem }'))
  expect(problemsOf(text, {}, FILE).join()).toMatch(
    /revokedFile: the file "late.pem" holds a list of CN=Root that was to be replaced/,
  )
})

test('a route for everybody behind one for holders of certificates can be reached', () => {
  const both = '[{ pool: erp, match: { clientCertificate: any } }, { pool: erp }]'
  expect(problemsOf(documentOf({ listeners: ASKS, routes: both }), {}, FILE)).toEqual([])
})

test('paths become absolute, names get their kinds, and what changes is told', () => {
  const before = snapshotOf(documentOf({ listeners: ASKS, routes: '[{ name: edi, pool: erp }]' }), {}, FILE)
  const clients = listener('{ caFile: ca.pem, revokedFile: crl.pem, mode: request, field: X-Cert, chain: true }')
  const condition = `{ subject: "o=A\\\\, B, CN = x", san: [EDI.example, "spiffe://a/*", fd00:0::1], fingerprint: "${'AB:'.repeat(31)}AB" }`
  const after = snapshotOf(
    documentOf({
      listeners: clients,
      routes: `[{ name: edi, pool: erp, access: { clientCertificate: ${condition} } }]`,
    }),
    {},
    FILE,
  )
  expect(after.listeners[0]!.tls!.clients).toEqual({
    caFile: join(folder, 'ca.pem'),
    revokedFile: join(folder, 'crl.pem'),
    mode: 'request',
    field: 'X-Cert',
    chainField: 'X-Cert-Chain',
  })
  expect(after.routes[0]!.access!.clientCertificate).toEqual({
    subject: [
      [
        ['o', 'A, B'],
        ['cn', 'x'],
      ],
    ],
    issuer: [],
    san: ['DNS:edi.example', 'URI:spiffe://a/*', 'IP:fd00::1'],
    fingerprint: ['ab'.repeat(32)],
  })
  const told = diffSnapshots(before, after).changes.map(changeText)
  expect(told.join('\n')).toContain('listener web: tls.clients.field Client-Cert -> X-Cert')
  expect(told.join('\n')).toContain('listener web: tls.clients.mode require -> request')
  expect(told.join('\n')).toContain('listener web: tls.clients.chain none -> X-Cert-Chain')
  expect(told.join('\n')).toContain('route edi: access.clientCertificate.subject none -> O=A, B, CN=x')
})
