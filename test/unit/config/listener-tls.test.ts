// TLS, redirect and HSTS of listeners: what is refused and in which words, and what becomes of what is taken.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { makeCertificate } from '../../support/certificates.ts'
import { type Case, expectEach } from './cases.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-listener-tls-'))
afterAll(() => rmSync(folder, { recursive: true }))
const FILE = join(folder, 'test.yaml')
const { cert, key } = await makeCertificate({ names: ['erp.example.com'] })
for (const each of ['keys', 'tls']) mkdirSync(join(folder, each))
for (const each of ['a', 'a.pem', 'tls/erp.example.com.pem']) writeFileSync(join(folder, each), cert)
for (const each of ['b', 'c', 'keys/a.key', 'tls/erp.example.com.key'])
  writeFileSync(join(folder, each), key, { mode: 0o600 })

const TLS = 'tls: { certificates: [{ certFile: a.pem, keyFile: keys/a.key }] }'
const listener = (keys: string, port = 443) => `{ name: web${port}, address: "127.0.0.1:${port}", ${keys} }`
const listeners = (...all: readonly string[]) => `[${all.join(', ')}]`
const one = (keys: string) => ({ listeners: listeners(listener(keys)) })

describe('is refused:', () => {
  const cases: readonly Case[] = [
    [
      'TLS without a certificate',
      one('tls: { certificates: [] }'),
      '2:67: listeners[0].tls.certificates: is empty, expected a list with at least one certificate',
    ],
    [
      'a certificate without its key',
      one('tls: { certificates: [{ certFile: a.pem }] }'),
      '2:68: listeners[0].tls.certificates[0]: the key "keyFile" is missing',
    ],
    [
      'an old version of TLS',
      one('tls: { minVersion: TLSv1.1, certificates: [{ certFile: a, keyFile: b }] }'),
      '2:65: listeners[0].tls.minVersion: "TLSv1.1" is not valid here, expected TLSv1.2 or TLSv1.3, did you mean "TLSv1.2"?',
    ],
    [
      'a redirect of what is https already',
      one(`${TLS}, redirect: https`),
      '2:123: listeners[0].redirect: what comes to a listener with tls is https already: it belongs to one without',
    ],
    [
      'a port of no redirect, and HSTS without TLS',
      one('redirectPort: 8443, hsts: {}'),
      '2:46: listeners[0].redirectPort: says nothing without redirect: https',
      '2:66: listeners[0].hsts: browsers ignore it in answers without TLS (RFC 6797 8.1): it belongs to a listener with tls',
    ],
    [
      'the same file twice',
      one('tls: { certificates: [{ certFile: a, keyFile: b }, { certFile: a, keyFile: c }] }'),
      '2:109: listeners[0].tls.certificates[1].certFile: "a" stands in the list already: leave it out',
    ],
    [
      'the words of nginx and HAProxy',
      one('tls: { certificates: [{ ssl_certificate: a, key: b }], ssl_protocols: TLSv1.2 }'),
      '2:68: listeners[0].tls.certificates[0]: the key "certFile" is missing',
      '2:68: listeners[0].tls.certificates[0]: the key "keyFile" is missing',
      '2:70: listeners[0].tls.certificates[0].ssl_certificate: unknown key, did you mean "certFile"?',
      '2:90: listeners[0].tls.certificates[0].key: unknown key, did you mean "keyFile"?',
      '2:101: listeners[0].tls.ssl_protocols: unknown key, did you mean "minVersion"?',
    ],
  ]
  expectEach(cases, {}, FILE)
})

test('a preload that the browsers would refuse is warned of', () => {
  const warned = (hsts: string) => problemsOf(documentOf(one(`${TLS}, hsts: ${hsts}`)), {}, FILE)
  expect(warned('{ preload: true, includeSubDomains: true }')).toEqual([])
  for (const hsts of ['{ preload: true }', '{ preload: true, includeSubDomains: true, maxAge: 364d }'])
    expect(warned(hsts)).toEqual([expect.stringContaining('only with includeSubDomains: true and a maxAge')])
})

test('defaults, and paths beside the configuration file', () => {
  const snapshot = snapshotOf(documentOf(one(TLS)), {}, FILE)
  expect(snapshot.listeners[0]?.tls).toEqual({
    certificates: [{ certFile: join(folder, 'a.pem'), keyFile: join(folder, 'keys/a.key') }],
    minVersion: 'TLSv1.2',
    http2: true,
    handshakeTimeoutMs: 10_000,
    maxHandshakes: 1000,
  })
})

test.each([
  ['{}', 'max-age=31536000'],
  ['{ maxAge: 5m }', 'max-age=300'],
  ['{ maxAge: 0 }', 'max-age=0'],
  ['{ maxAge: 730d, includeSubDomains: true, preload: true }', 'max-age=63072000; includeSubDomains; preload'],
])('hsts: %s is %s', (hsts, value) => {
  expect(snapshotOf(documentOf(one(`${TLS}, hsts: ${hsts}`)), {}, FILE).listeners[0]?.hsts).toBe(value)
})

test.each([
  ['that of the listener with TLS', listeners(listener('redirect: https', 80), listener(TLS, 8443)), 8443],
  ['443 where TLS is ended by somebody else', listeners(listener('redirect: https', 80)), 443],
  [
    'what the file says, where clients know another one',
    listeners(listener('redirect: https, redirectPort: 443', 80), listener(TLS, 8443)),
    443,
  ],
])('a redirect leads to port %s', (_, text, port) => {
  expect(snapshotOf(documentOf({ listeners: text }), {}, FILE).listeners[0]?.redirectPort).toBe(port)
})

test('the listeners that the complete example has as a comment are good ones', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../../config/examples/complete.yaml'), 'utf8')
  const lines = text.split('\n')
  const from = lines.findIndex(line => line.includes('# - name: secure'))
  const to = lines.findIndex((line, i) => i > from && !line.startsWith('  # '))
  const comment = lines.slice(from, to).map(line => line.replace('# ', ''))
  expect(parse(comment.join('\n'))).toHaveLength(2)
  const problems = problemsOf(documentOf({ listeners: JSON.stringify(parse(comment.join('\n'))) }), {}, FILE)
  // Authorities and their lists are files of the reader, which are not here.
  expect(problems.filter(line => !/"tls\/partners-[a-z]+\.pem" does not exist/.test(line))).toEqual([])
})
