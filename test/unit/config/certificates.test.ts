// Certificates and keys that a configuration names: what is compiled, and every way to get them wrong.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { check } from '../../../src/commands/check.ts'
import { formatProblem } from '../../../src/config/forms/problem.ts'
import { loadBytes, loadConfig } from '../../../src/config/read/load.ts'
import { diffSnapshots, diffText } from '../../../src/config/shown/diff.ts'
import { makeCertificate } from '../../support/certificates.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const [good, other, old] = await Promise.all([
  makeCertificate({ names: ['erp.example', 'www.erp.example'], untilDays: 60 }),
  makeCertificate({ names: ['other.example'] }),
  makeCertificate({ names: ['erp.example'], fromDays: -90, untilDays: -1 }),
])

let folder: string
let file: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-tls-'))
  file = join(folder, 'test.yaml')
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  put('c.pem', good.cert)
  put('k.pem', good.key)
})

const put = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content, { mode: 0o600 })
  chmodSync(join(folder, name), 0o600)
}
const PAIR = '{ certFile: c.pem, keyFile: k.pem }'
const secure = (more = '', pairs = PAIR) =>
  documentOf({ listeners: `- { name: web, address: "127.0.0.1:8443", tls: { certificates: [${pairs}] } }`, more })
const problems = (text: string) => problemsOf(text, {}, file).map(line => line.replace(`${file}:`, ''))

test('paths compile to absolute ones, and what the files hold is no part of it', () => {
  const snapshot = snapshotOf(secure(), {}, file)
  expect(snapshot.listeners[0]!.tls?.certificates).toEqual([
    { certFile: join(folder, 'c.pem'), keyFile: join(folder, 'k.pem') },
  ])
  expect(JSON.stringify(snapshot)).not.toContain('BEGIN')
})

test('a renewed certificate is no other configuration: its files are watched by who serves them', () => {
  const loaded = loadBytes(new TextEncoder().encode(secure()), file, {})
  expect(loaded.ok && loaded.certificates).toMatchObject([{ names: ['erp.example', 'www.erp.example'] }])
  expect([...loaded.inputs.keys()]).toEqual([file])
})

test('but one that is refused is tried again when they change', () => {
  put('c.pem', '')
  const { inputs } = loadBytes(new TextEncoder().encode(secure()), file, {})
  expect([...inputs.keys()]).toEqual([file, join(folder, 'c.pem'), join(folder, 'k.pem')])
})

describe('is refused with the place in the file:', () => {
  test('a file that is not there', () => {
    expect(problems(secure('', '{ certFile: c.pem, keyFile: none.pem }'))).toEqual([
      `2:95: listeners[0].tls.certificates[0].keyFile: the file "none.pem" does not exist (it is looked for from the configuration's folder)`,
    ])
  })

  test('the key of another certificate', () => {
    put('k.pem', other.key)
    expect(problems(secure())).toEqual([
      '2:95: listeners[0].tls.certificates[0].keyFile: the file "k.pem" is not the key of this certificate: name the one that it was asked for with',
    ])
  })

  test('one that has expired; but not at a start, since what ran must be able to run again', () => {
    put('c.pem', old.cert)
    put('k.pem', old.key)
    expect(problems(secure())).toEqual([
      expect.stringMatching(
        /^2:79: listeners\[0\]\.tls\.certificates\[0\]\.certFile: the file "c\.pem" has expired at .*: renew it$/,
      ),
    ])
    const atStart = loadBytes(new TextEncoder().encode(secure()), file, {}, 1, 'start')
    expect(atStart.ok && atStart.warnings.map(formatProblem)).toMatchObject([expect.stringContaining('warning: ')])
  })

  test("an admin listener with TLS and nobody's certificate", () => {
    const [problem, ...more] = problems(documentOf({ more: 'admin: { address: "127.0.0.1:9900", tls: {} }' }))
    expect(more).toEqual([])
    expect(problem).toMatch(/admin\.tls: has no certificates, and no listener has any: give admin\.tls\.certificates$/)
  })
})

test('an admin listener has its own certificates, or those of the listeners', () => {
  const own = snapshotOf(
    documentOf({ more: `admin: { address: "127.0.0.1:9900", tls: { minVersion: TLSv1.3, certificates: [${PAIR}] } }` }),
    {},
    file,
  )
  expect(own.admin?.tls).toEqual({
    minVersion: 'TLSv1.3',
    certificates: [{ certFile: join(folder, 'c.pem'), keyFile: join(folder, 'k.pem') }],
  })
  const shared = snapshotOf(secure('admin: { address: "127.0.0.1:9900", tls: {} }'), {}, file)
  expect(shared.admin?.tls).toEqual({ minVersion: 'TLSv1.2', certificates: [] })
})

test('a key that everyone may read is worth a warning', () => {
  chmodSync(join(folder, 'k.pem'), 0o644)
  expect(problems(secure())).toEqual([
    '2:95: warning: listeners[0].tls.certificates[0].keyFile: the file "k.pem" can be read by everyone on this machine: chmod 640 it, or less',
  ])
})

test('a host of a route that no certificate of its listener names is worth a warning, each once', () => {
  const routes = `
  - { match: { path: /a, host: [erp.example, WWW.erp.example, "*.erp.example", shop.example] }, pool: erp }
  - { match: { host: SHOP.example, listener: [plain, web] }, pool: erp }
  - { match: { host: other.example, listener: plain }, pool: erp }`
  const listeners = `- { name: web, address: "127.0.0.1:8443", tls: { certificates: [${PAIR}] } }
  - { name: plain, address: "127.0.0.1:8080" }`
  expect(problems(documentOf({ listeners, routes }))).toEqual([
    '6:80: warning: routes[0].match.host[3]: no certificate of listener "web" names "shop.example": browsers turn its users away',
  ])
})

test('what differs is told by the names of files', () => {
  put('o.pem', other.cert)
  put('o.key', other.key)
  const diff = (before: string, after: string) =>
    diffText(diffSnapshots(snapshotOf(before, {}, file), snapshotOf(after, {}, file)))
  const both = `${PAIR}, { certFile: o.pem, keyFile: o.key }`
  const at = (name: string) => join(folder, name)
  expect(diff(secure(), secure('tls: { ticketRotation: 1h }', both))).toBe(
    `2 changes: listener web: tls.certificates ${at('c.pem')} -> ${at('c.pem')}, ${at('o.pem')}; tls.ticketRotation 12h -> 1h`,
  )
  expect(diff(secure(), secure('admin: { address: "127.0.0.1:9900", tls: {} }'))).toBe(
    '2 changes: admin.tls.certificates none -> none of its own; admin.tls.minVersion none -> TLSv1.2',
  )
})

describe('the ticket key', () => {
  test('is drawn every 12 hours, or as often as it says, or is that of a file', () => {
    expect(snapshotOf(documentOf({ more: 'tls: {}' })).tickets).toEqual({ file: undefined, rotationMs: 43_200_000 })
    expect(snapshotOf(documentOf({ more: 'tls: { ticketRotation: 0 }' })).tickets?.rotationMs).toBe(0)
    put('t.key', Buffer.alloc(48))
    expect(snapshotOf(documentOf({ more: 'tls: { ticketKeyFile: t.key }' }), {}, file).tickets?.file).toBe(
      join(folder, 't.key'),
    )
  })

  test('of a file is not rotated, and has to be one', () => {
    put('t.key', 'x'.repeat(50))
    expect(problems(documentOf({ more: 'tls: { ticketKeyFile: t.key, ticketRotation: 1h }' }))).toEqual([
      '10:23: tls.ticketKeyFile: the file "t.key" holds no ticket key, expected 48 bytes, as they are or in base64: make one with openssl rand -base64 48',
      '10:30: tls.ticketRotation: a key of a file is replaced by who writes the file: remove one of them',
    ])
  })
})

test('over the admin API only files may be named that the configuration file names for the same use', () => {
  const loaded = loadBytes(new TextEncoder().encode(secure()), file, {})
  if (!loaded.ok) throw new Error('it is refused')
  const over = (text: string) => {
    const read = loadBytes(new TextEncoder().encode(text), file, {}, 1, 'change', loaded.grants)
    return read.ok ? [] : read.problems.map(({ path, message }) => `${path}: ${message}`)
  }
  expect(over(secure())).toEqual([])
  put('secret', 'of somebody else')
  expect(over(secure('', '{ certFile: secret, keyFile: k.pem }'))).toEqual([
    expect.stringMatching(/certFile: the file "secret" may not be named over the admin API/),
  ])
  expect(over(secure('', '{ certFile: k.pem, keyFile: k.pem }'))).toHaveLength(1)
})

test('vigia check says the names and the end of each', async () => {
  writeFileSync(file, secure())
  const out: string[] = []
  const code = await check({ config: file }, { env: {}, out: line => out.push(line), err: () => {} })
  expect(code).toBe(0)
  const loaded = loadConfig(file, {})
  const until = new Date(loaded.ok ? loaded.certificates[0]!.untilMs : 0).toISOString()
  expect(out).toEqual([
    `${file}: OK (1 pool, 1 upstream, 1 listener)`,
    expect.stringMatching(
      new RegExp(`^  certificate erp\\.example, www\\.erp\\.example: until ${until} \\((59 d 23 h|60 d 0 h) left\\)$`),
    ),
  ])
})
