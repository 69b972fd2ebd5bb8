import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { changeText, diffSnapshots } from '../../../src/config/shown/diff.ts'
import { maskConfiguration } from '../../../src/config/shown/mask.ts'
import { makeCertificate } from '../../support/certificates.ts'
import { expectEach } from './cases.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const LISTENERS = '[{ name: plain, address: ":8080" }, { name: secure, address: ":8443", tls: {} }]'
const ROUTES = '- { match: { host: [ERP.example.com, www.example.com] }, pool: erp }'
const COMMON = { listeners: LISTENERS, routes: ROUTES }
const withAcme = (acme: string, { store = 'store: ./vigia.db', ...parts }: Record<string, string> = {}) =>
  documentOf({ ...COMMON, ...parts, more: `acme: ${acme}\n${store}` })

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-acme-config-'))
  writeFileSync(join(folder, 'eab.key'), 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W\n')
  writeFileSync(join(folder, 'ca.pem'), (await makeCertificate({ isAuthority: true })).cert)
  writeFileSync(join(folder, 'no.key'), 'not a key\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('little is enough: Let’s Encrypt, by HTTP, for the hosts of the routes', () => {
  expect(snapshotOf(withAcme('{ termsAgreed: true }')).acme).toEqual({
    directory: 'https://acme-v02.api.letsencrypt.org/directory',
    email: undefined,
    eab: undefined,
    challenge: 'http-01',
    names: ['erp.example.com', 'www.example.com'],
    ca: undefined,
  })
})

test('names, the CA and the account can be said', () => {
  const file = join(folder, 'vigia.yaml')
  const acme =
    '{ termsAgreed: true, email: ops@example.com, directory: "https://ca.internal/acme", challenge: tls-alpn-01, names: [ERP.internal], eab: { keyId: kid-1, hmacKeyFile: eab.key }, caFile: ca.pem }'
  expect(snapshotOf(withAcme(acme), {}, file).acme).toEqual({
    directory: 'https://ca.internal/acme',
    email: 'ops@example.com',
    eab: { keyId: 'kid-1', hmacKey: expect.stringMatching(/^zWND.*12W$/) },
    challenge: 'tls-alpn-01',
    names: ['erp.internal'],
    ca: expect.stringContaining('BEGIN CERTIFICATE'),
  })
})

test('only hosts of routes that a listener of its serves count, and no addresses', () => {
  const routes =
    '[{ match: { listener: plain, host: plain.example.com }, pool: erp }, { match: { listener: [plain, secure], host: [erp.example.com, "10.0.0.1", "[::1]"] }, pool: erp }]'
  expect(snapshotOf(withAcme('{ termsAgreed: true }', { routes })).acme?.names).toEqual(['erp.example.com'])
})

describe('is refused with its place, and what to do', () => {
  expectEach(
    [
      [
        'no agreement',
        { more: 'acme: {}\nstore: ./vigia.db' },
        '10:7: acme: the key "termsAgreed" is missing: true says that you agree to the terms of service of the CA',
      ],
      [
        'a disagreement',
        { more: 'acme: { termsAgreed: false }\nstore: ./vigia.db' },
        '10:22: acme.termsAgreed: false is not valid here, expected true',
      ],
      [
        'no store',
        { more: 'acme: { termsAgreed: true }' },
        '10:1: acme: certificates and their keys are kept in the store, and without one each start would ask the CA for all of them again, which it soon refuses: add store: ./vigia.db',
      ],
      [
        'no listener that takes them',
        {
          listeners: '- { name: plain, address: ":8080" }',
          more: 'acme: { termsAgreed: true, names: [a.example] }\nstore: ./vigia.db',
        },
        '10:1: acme: no listener takes certificates from it: give one tls: {}, without certificates',
      ],
      [
        'http-01 without a plain listener',
        {
          listeners: '- { name: secure, address: ":8443", tls: {} }',
          more: 'acme: { termsAgreed: true }\nstore: ./vigia.db',
        },
        '10:1: acme: http-01 is asked for without TLS on port 80, and every listener has TLS: add one without, at ":80", or set challenge: tls-alpn-01',
      ],
      [
        'no host to get one for',
        { routes: '- { pool: erp }', more: 'acme: { termsAgreed: true }\nstore: ./vigia.db' },
        '10:1: acme: no route names a host to get a certificate for: set acme.names',
      ],
      [
        'wrong names',
        {
          more: 'acme: { termsAgreed: true, names: ["*.example.com", "10.0.0.1", a.example, A.example] }\nstore: ./vigia.db',
        },
        '10:36: acme.names[0]: "*.example.com" is a wildcard, which neither challenge can prove: name its hosts, or give the listener a certificate file',
        '10:53: acme.names[1]: "10.0.0.1" is not a host name such as erp.example.com',
        '10:76: acme.names[3]: "A.example" is named already',
      ],
      [
        'a directory without https',
        { more: 'acme: { termsAgreed: true, directory: "http://ca.example/dir" }\nstore: ./vigia.db' },
        '10:39: acme.directory: "http://ca.example/dir" does not begin with https://, expected a URL such as https://acme-v02.api.letsencrypt.org/directory',
      ],
      [
        'a listener without certificates, and nowhere to get them',
        { more: 'store: ./vigia.db' },
        '2:73: listeners[1].tls: has no certificate: name files with certificates: [{ certFile, keyFile }], or add acme, which gets them by itself',
      ],
    ],
    COMMON,
  )

  test('a host with a wildcard gets a warning: it is left out', () => {
    const routes = '- { match: { host: [erp.example.com, "*.example.com"] }, pool: erp }'
    expect(problemsOf(withAcme('{ termsAgreed: true }', { routes }))).toEqual([
      expect.stringContaining('"*.example.com" gets no certificate by ACME, whose challenges prove no wildcards'),
    ])
    expect(snapshotOf(withAcme('{ termsAgreed: true }', { routes })).acme?.names).toEqual(['erp.example.com'])
  })

  test.each(['ops', 'a@b, c@d', 'a@b?subject=x', 'Ops <ops@example.com>'])('%s is no mail address', email => {
    expect(problemsOf(withAcme(`{ termsAgreed: true, email: ${JSON.stringify(email)} }`))).toEqual([
      expect.stringContaining('expected one mail address'),
    ])
  })

  test('a key file that holds none, without a word of what it holds', () => {
    const file = join(folder, 'vigia.yaml')
    const problems = problemsOf(withAcme('{ termsAgreed: true, eab: { keyId: k, hmacKeyFile: no.key } }'), {}, file)
    expect(problems).toEqual([expect.stringContaining('the file "no.key" holds no key')])
    expect(problems.join()).not.toContain('not a key')
  })
})

test.each([
  ['letsencrypt: {}', 'unknown key, did you mean "acme"?'],
  ['acme: { termsAgreed: true, domains: [a.example] }\nstore: ./vigia.db', 'unknown key, did you mean "names"?'],
  ['acme: { agreeTos: true }\nstore: ./vigia.db', 'did you mean "termsAgreed"?'],
  ['acme: { termsAgreed: true, challenge: httpChallenge }\nstore: ./vigia.db', 'did you mean "http-01"?'],
])('words of other products are known: %s', (more, guess) => {
  expect(problemsOf(documentOf({ ...COMMON, more })).join('\n')).toContain(guess)
})

test('what differs is told without the key, and the configuration is shown without it', () => {
  const file = join(folder, 'vigia.yaml')
  const [before, after] = [
    snapshotOf(withAcme('{ termsAgreed: true }'), {}, file),
    snapshotOf(
      withAcme('{ termsAgreed: true, challenge: tls-alpn-01, eab: { keyId: k, hmacKeyFile: eab.key } }'),
      {},
      file,
    ),
  ]
  const changes = diffSnapshots(before, after).changes.map(changeText)
  expect(changes).toEqual([
    'acme.challenge http-01 -> tls-alpn-01',
    'acme.eab.keyId none -> k',
    'acme.eab.hmacKeyFile none -> ***',
  ])
  expect(maskConfiguration(withAcme('{ eab: { keyId: k, hmacKey: abcdefgh } }'))).not.toContain('abcdefgh')
})
