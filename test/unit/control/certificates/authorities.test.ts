// Authorities of clients that are files: what workers get and when, how they are swapped, what is told of them and of their ends.

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CertificateEvent } from '../../../../src/control/certificates/certificate-event.ts'
import { Certificates, type Listening } from '../../../../src/control/certificates/certificates.ts'
import { certificateWords } from '../../../../src/control/events/certificate-words.ts'
import { authoritiesRow } from '../../../../src/control/record/audit-rows.ts'
import { authorityReports } from '../../../../src/control/report/certificate-report.ts'
import type { TlsMaterial } from '../../../../src/shared/tls-material.ts'
import { makeCertificate, makeRevocationList } from '../../../support/certificates.ts'
import { until } from '../../../support/until.ts'

const [own, root, other] = await Promise.all([
  makeCertificate({ names: ['erp.example'] }),
  makeCertificate({ subject: 'CN=Root', isAuthority: true }),
  makeCertificate({ subject: 'CN=Other', isAuthority: true }),
])
const leaf = await makeCertificate({ subject: 'CN=leaf', by: root })

let folder: string
let certFile: string
let keyFile: string
let caFile: string
let revokedFile: string
let sent: TlsMaterial[]
let told: CertificateEvent[]
let certificates: Certificates

const listening = (withLists = true): Listening =>
  ({
    listeners: [
      {
        name: 'partners',
        tls: {
          certificates: [{ certFile, keyFile }],
          clients: { caFile, revokedFile: withLists ? revokedFile : undefined, mode: 'require' },
        },
      },
    ],
    routes: [],
  }) as unknown as Listening
const start = async (configuration = listening()) => {
  await certificates.prepare(configuration)
  certificates.adopt(configuration)
}
const kinds = () => told.map(({ kind }) => kind)
const words = () => told.flatMap(event => (certificateWords(event, Date.now()).lines ?? []).map(({ text }) => text))
const trusted = () => (sent.at(-1)?.authorities ?? []).map(({ trust }) => [trust.ca, trust.lists.length])

/** At once: nobody reads half of it. */
function put(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

const create = () =>
  new Certificates({
    sources: [],
    send: material => sent.push(material),
    sendToAdmin: () => {},
    tell: event => told.push(event),
    warn: () => {},
    halvesMs: 50,
  })

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-authorities-'))
  const path = (name: string) => join(folder, name)
  ;[certFile, keyFile, caFile, revokedFile] = [path('cert'), path('key'), path('ca'), path('lists')]
  put(certFile, own.cert)
  put(keyFile, own.key)
  put(caFile, root.cert)
  put(revokedFile, await makeRevocationList(root, []))
  sent = []
  told = []
  certificates = create()
})

afterEach(() => {
  certificates.close()
  rmSync(folder, { recursive: true })
})

test('workers have them before their configuration, and those of the former one until all use the next', async () => {
  await start(listening(false))
  expect(trusted()).toEqual([[root.cert, 0]])
  const next = listening()
  await certificates.prepare(next)
  expect(trusted()).toEqual([
    [root.cert, 1],
    [root.cert, 0],
  ])
  certificates.adopt(next)
  expect(trusted()).toEqual([[root.cert, 1]])
  expect(told).toEqual([])
})

test('a configuration whose file holds none is refused, and nothing has changed', async () => {
  await start(listening(false))
  const before = certificates.material
  put(revokedFile, 'nothing')
  await expect(certificates.prepare(listening())).rejects.toThrow(/lists" holds no revocation list/)
  expect(certificates.material).toBe(before)
})

test('another list counts as soon as it is there; log, events and audit say so', async () => {
  await start()
  put(revokedFile, await makeRevocationList(root, [leaf.cert]))
  await until('workers have it', () => sent.length === 2)
  expect([...sent[1]!.authorities![0]!.trust.revoked.values()].map(serials => serials.size)).toEqual([1])
  expect(words().join()).toMatch(
    /^authorities of clients: the revocation list of CN=Root revokes 1, until .*Z; connections that they do not accept any more are ended$/,
  )
  const [event] = told
  if (event?.kind !== 'authorities-swapped') throw new Error('not told')
  expect(authoritiesRow(event, 0)).toMatchObject({
    action: 'certificate.authorities',
    subject: caFile,
    before: { authorities: [{ name: 'CN=Root' }, { name: 'CN=Root', revoked: 0 }] },
    after: { authorities: [{ name: 'CN=Root' }, { name: 'CN=Root', revoked: 1 }] },
  })
})

test('an authority and its list come one after the other: that is no fault, and a list that stays away is told once', async () => {
  await start()
  put(caFile, root.cert + other.cert)
  await until('it is told', () => kinds().includes('authorities-refused'))
  expect(words().at(-1)).toMatch(/lists" holds no list of CN=Other, .*; the former ones stay in use$/)
  expect([trusted(), certificates.authorities.map(({ problem }) => problem !== undefined)]).toEqual([
    [[root.cert, 1]],
    [true, true],
  ])
  put(revokedFile, (await makeRevocationList(root)) + (await makeRevocationList(other)))
  await until('both count', () => kinds().includes('authorities-swapped'))
  expect(kinds()).toEqual(['authorities-refused', 'authorities-swapped'])
  expect(words().at(-1)).toMatch(/CN=Other is trusted from now on; /)
  expect(trusted()).toEqual([[root.cert + other.cert, 2]])
})

test('what can not be used leaves what is in use; what is in use again is told', async () => {
  await start()
  const lists = await makeRevocationList(root, [leaf.cert])
  put(revokedFile, lists)
  await until('workers have it', () => sent.length === 2)
  put(revokedFile, 'nothing')
  await until('it is told', () => kinds().includes('authorities-refused'))
  put(revokedFile, lists)
  await until('it is well again', () => kinds().includes('authorities-restored'))
  expect(sent).toHaveLength(2)
})

test('a list that is about to be overdue is told, and one that is at a start does not keep vigia from it', async () => {
  put(revokedFile, await makeRevocationList(root, [], { fromDays: -29, untilDays: 0.9 }))
  await start()
  expect(words().join()).toMatch(
    /^the revocation list of CN=Root is to be replaced in 21 h .*: from then on all certificates of that authority are refused, put the newest list into .*lists$/,
  )
  put(revokedFile, await makeRevocationList(root, [], { fromDays: -9, untilDays: -1 }))
  certificates.close()
  certificates = create()
  told = []
  await start()
  expect(told).toMatchObject([{ kind: 'authority-expires', mark: 0 }])
  expect(authorityReports(certificates.authorities, Date.now())).toMatchObject([
    { kind: 'authority', name: 'CN=Root', state: 'ok', revoked: null, file: caFile, listeners: ['partners'] },
    { kind: 'revocation-list', name: 'CN=Root', state: 'expired', revoked: 0, file: revokedFile },
  ])
})
