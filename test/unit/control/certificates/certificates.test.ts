// The certificates in use: what workers get and when, how files are swapped, what is told of it.

import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CertificateEvent } from '../../../../src/control/certificates/certificate-event.ts'
import type { CertificateSource } from '../../../../src/control/certificates/certificate-source.ts'
import { Certificates, type Listening } from '../../../../src/control/certificates/certificates.ts'
import type { TlsMaterial } from '../../../../src/shared/tls-material.ts'
import { makeCertificate } from '../../../support/certificates.ts'
import { until } from '../../../support/until.ts'

const [first, second, other, ending, expired] = await Promise.all([
  makeCertificate({ names: ['erp.example', 'www.erp.example'] }),
  makeCertificate({ names: ['erp.example'], untilDays: 120 }),
  makeCertificate({ names: ['other.example'] }),
  makeCertificate({ names: ['erp.example'], fromDays: -85, untilDays: 5 }),
  makeCertificate({ names: ['erp.example'], fromDays: -90, untilDays: -1 }),
])

let folder: string
let certFile: string
let keyFile: string
let sent: TlsMaterial[]
let told: CertificateEvent[]
let certificates: Certificates

const put = ({ cert, key }: { cert: string; key: string }) => {
  writeFileSync(certFile, cert)
  writeFileSync(keyFile, key)
}
const listening = (
  ...listeners: readonly { name: string; pairs?: readonly (readonly [string, string])[] }[]
): Listening =>
  ({
    listeners: listeners.map(({ name, pairs = [[certFile, keyFile]] }) => ({
      name,
      tls: { certificates: pairs.map(([certFile, keyFile]) => ({ certFile, keyFile })) },
    })),
    routes: [],
  }) as unknown as Listening
const create = (sources: readonly CertificateSource[] = [], halvesMs?: number) =>
  new Certificates({
    sources,
    send: material => sent.push(material),
    sendToAdmin: () => {},
    tell: event => told.push(event),
    warn: () => {},
    ...(halvesMs === undefined ? {} : { halvesMs }),
  })
const start = async (configuration: Listening) => {
  await certificates.prepare(configuration)
  certificates.adopt(configuration)
}
const kinds = () => told.map(({ kind }) => kind)
const served = () => certificates.material!.certificates

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-certificates-'))
  certFile = join(folder, 'cert.pem')
  keyFile = join(folder, 'key.pem')
  sent = []
  told = []
  certificates = create()
  put(first)
})

afterEach(() => {
  certificates.close()
  rmSync(folder, { recursive: true })
})

describe('what workers get', () => {
  test('is each certificate once, for all listeners that serve it, and the first of each is its default', async () => {
    const [a, b] = [join(folder, 'o.pem'), join(folder, 'o.key')]
    writeFileSync(a, other.cert)
    writeFileSync(b, other.key)
    const both = [
      [certFile, keyFile],
      [a, b],
    ] as const
    await start(
      listening({ name: 'one', pairs: both }, { name: 'two', pairs: both }, { name: 'three', pairs: [both[1]] }),
    )
    expect(served().map(({ listeners, names, isDefault }) => ({ listeners, names, isDefault }))).toEqual([
      { listeners: ['one', 'two'], names: ['erp.example', 'www.erp.example'], isDefault: true },
      { listeners: ['one', 'two'], names: ['other.example'], isDefault: false },
      { listeners: ['three'], names: ['other.example'], isDefault: true },
    ])
    expect(certificates.material!.ticketKeys).toHaveLength(48)
  })

  test('of one name has a default of each kind of key', async () => {
    const rsa = await makeCertificate({ names: ['www.erp.example', 'erp.example'], keyType: 'rsa' })
    writeFileSync(join(folder, 'rsa.pem'), rsa.cert + rsa.key)
    await start(
      listening({
        name: 'a',
        pairs: [
          [certFile, keyFile],
          [join(folder, 'rsa.pem'), join(folder, 'rsa.pem')],
        ],
      }),
    )
    expect(served().map(({ keyType, isDefault }) => [keyType, isDefault])).toEqual([
      ['ecdsa', true],
      ['rsa', true],
    ])
  })

  test('is nothing where no listener has TLS', async () => {
    await start({ listeners: [{ name: 'plain', host: '::', port: 1 }], routes: [], admin: undefined })
    expect(sent).toEqual([])
    expect(certificates.material).toBeUndefined()
  })

  test('has what the former and the next configuration need, until all use the next one', async () => {
    await start(listening({ name: 'a' }))
    writeFileSync(join(folder, 'o.pem'), other.cert + other.key)
    const next = listening({ name: 'b', pairs: [[join(folder, 'o.pem'), join(folder, 'o.pem')]] })
    await certificates.prepare(next)
    expect(served().map(({ listeners }) => listeners)).toEqual([['b'], ['a']])
    certificates.adopt(next)
    expect(served().map(({ listeners }) => listeners)).toEqual([['b']])
  })

  test('is not what a file holds that can not be served: who asked for it is told, and nothing has changed', async () => {
    await start(listening({ name: 'a' }))
    const before = certificates.material
    const wrong = listening({ name: 'a' }, { name: 'b', pairs: [[certFile, join(folder, 'none')]] })
    await expect(certificates.prepare(wrong)).rejects.toThrow(/the file ".*none" cannot be read \(ENOENT\)/)
    expect(certificates.material).toBe(before)
  })

  test('may have expired at a start: what ran must be able to run again', async () => {
    put(expired)
    await start(listening({ name: 'a' }))
    expect(served()).toHaveLength(1)
    expect(told).toMatchObject([{ kind: 'expires', mark: 0 }])
  })
})

describe('files that hold something else', () => {
  test('are swapped, one half after the other', async () => {
    await start(listening({ name: 'a' }))
    writeFileSync(certFile, second.cert)
    // Reads both.
    await start(listening({ name: 'a' }))
    expect({ sent: sent.length, told }).toEqual({ sent: 1, told: [] })
    writeFileSync(keyFile, second.key)
    await until('the new one is in use', () => served()[0]!.cert === second.cert && served()[0]!.key === second.key)
    expect(told).toMatchObject([
      { kind: 'swapped', before: { names: ['erp.example', 'www.erp.example'] }, now: { names: ['erp.example'] } },
    ])
  })

  test('are followed through links to another folder, as certbot and Kubernetes have them', async () => {
    const version = (n: number, { cert, key }: { cert: string; key: string }) => {
      mkdirSync(join(folder, `v${n}`))
      writeFileSync(join(folder, `v${n}`, 'tls.crt'), cert)
      writeFileSync(join(folder, `v${n}`, 'tls.key'), key)
    }
    const link = (target: string, name: string) => {
      symlinkSync(target, join(folder, `${name}.new`))
      renameSync(join(folder, `${name}.new`), join(folder, name))
    }
    version(1, first)
    link('v1', 'data')
    link('data/tls.crt', 'tls.crt')
    link('data/tls.key', 'tls.key')
    await start(listening({ name: 'a', pairs: [[join(folder, 'tls.crt'), join(folder, 'tls.key')]] }))
    version(2, second)
    link('v2', 'data')
    await until('the new one is in use', () => served()[0]!.cert === second.cert)
    expect(kinds()).toEqual(['swapped'])
  })

  test('that do not fit each other are told after a while, and once', async () => {
    certificates.close()
    certificates = create([], 20)
    await start(listening({ name: 'a' }))
    writeFileSync(keyFile, other.key)
    await until('it is told', () => told.length > 0)
    expect(told).toMatchObject([{ kind: 'refused', why: expect.stringMatching(/key.pem" is not the key/) }])
    expect(certificates.list[0]!.problem).toMatch(/is not the key/)
    await start(listening({ name: 'a' }))
    expect(told).toHaveLength(1)
    expect(served()[0]!.key).toBe(first.key)
  })

  test.each([
    ['is empty', { cert: '', key: '' }, /is empty/],
    ['has expired', expired, /has expired/],
    ['is no certificate', { cert: 'hello', key: first.key }, /holds no PEM/],
  ])('of which one %s leave the old one in use, until they hold what can be used', async (_, next, why) => {
    await start(listening({ name: 'a' }))
    put(next)
    await until('it is told', () => told.length > 0)
    expect(told).toMatchObject([{ kind: 'refused', why: expect.stringMatching(why) }])
    expect(served()[0]!.cert).toBe(first.cert)
    put(first)
    await until('what is in use is back', () => told.length > 1)
    expect(kinds()).toEqual(['refused', 'restored'])
    expect(certificates.list[0]!.problem).toBeUndefined()
    expect(sent).toHaveLength(1)
  })

  test('that may not be read are read as soon as they may be, with the next look', async () => {
    await start(listening({ name: 'a' }))
    put(second)
    chmodSync(keyFile, 0)
    // Root reads everything.
    if (process.getuid?.() !== 0) {
      await until('it is told', () => told.some(({ kind }) => kind === 'refused'))
      chmodSync(keyFile, 0o600)
      certificates.clockStepped()
    }
    await until('the new one is in use', () => served()[0]!.cert === second.cert)
  })
})

describe('the end of a certificate', () => {
  test('is told once for each mark, and no more of one that is not in use', async () => {
    put(ending)
    await start(listening({ name: 'a' }, { name: 'b' }))
    certificates.clockStepped()
    certificates.clockStepped()
    expect(told).toMatchObject([{ kind: 'expires', mark: 7 }])
    put(second)
    await until('the new one is in use', () => served()[0]!.cert === second.cert)
    expect(kinds()).toEqual(['expires', 'swapped'])
  })
})

describe('certificates of a source', () => {
  test('come behind those of files, and as soon as the source has others', async () => {
    certificates.close()
    let has = other
    const source: CertificateSource = {
      came: 'acme',
      certificatesFor: ({ listeners }) => [{ ...has, listeners: listeners.map(({ name }) => name) }],
    }
    certificates = create([source])
    await start(listening({ name: 'a' }, { name: 'b', pairs: [] }))
    expect(served().map(({ listeners, names, isDefault }) => [listeners, names[0], isDefault])).toEqual([
      [['a'], 'erp.example', true],
      [['a'], 'other.example', false],
      [['b'], 'other.example', true],
    ])
    has = second
    certificates.refresh()
    expect(served().map(({ cert }) => cert)).toEqual([first.cert, second.cert, second.cert])
    expect(certificates.list.map(({ listener, came }) => [listener, came])).toEqual([
      ['a', 'file'],
      ['a', 'acme'],
      ['b', 'acme'],
    ])
  })

  test('that can not be served are left out', async () => {
    certificates.close()
    certificates = create([
      { came: 'acme', certificatesFor: () => [{ cert: other.cert, key: first.key, listeners: ['a'] }] },
    ])
    await start(listening({ name: 'a' }))
    expect(served()).toHaveLength(1)
  })
})

describe('the ticket key', () => {
  const withTickets = (tickets: Listening['tickets']): Listening => ({ ...listening({ name: 'a' }), tickets })

  test('is drawn anew when its time is over, and then workers get it', async () => {
    await start(withTickets({ file: undefined, rotationMs: 1 }))
    const before = Buffer.from(certificates.material!.ticketKeys)
    await until('another one', () => {
      certificates.tick()
      return sent.length > 1
    })
    expect(before.equals(sent.at(-1)!.ticketKeys)).toBe(false)
  })

  test('stays over reloads', async () => {
    await start(listening({ name: 'a' }))
    const { ticketKeys } = certificates.material!
    await start(listening({ name: 'b' }))
    expect(certificates.material!.ticketKeys).toBe(ticketKeys)
  })

  test('may be that of a file, which is watched', async () => {
    const file = join(folder, 'ticket.key')
    writeFileSync(file, Buffer.alloc(48, 1))
    await start(withTickets({ file, rotationMs: 1 }))
    certificates.tick()
    expect([...certificates.material!.ticketKeys]).toEqual(Array(48).fill(1))
    writeFileSync(file, `${Buffer.alloc(48, 2).toString('base64')}\n`)
    await until('the new one is in use', () => certificates.material!.ticketKeys[0] === 2)
    writeFileSync(file, 'hello')
    await until('it is told', () => told.length > 1)
    expect(told).toMatchObject([
      { kind: 'ticket-key', why: undefined },
      { kind: 'ticket-key', why: expect.stringMatching(/^holds no ticket key/) },
    ])
    expect(certificates.material!.ticketKeys[0]).toBe(2)
  })

  test.each([
    ['', /is empty/],
    ['x'.repeat(49), /holds no ticket key, expected 48 bytes/],
    [`${Buffer.alloc(48).toString('base64')}\n`.repeat(3), /several lines/],
  ])('of a file that holds %j is refused', async (content, why) => {
    const file = join(folder, 'ticket.key')
    writeFileSync(file, content)
    await expect(certificates.prepare(withTickets({ file, rotationMs: 1 }))).rejects.toThrow(why)
  })
})
