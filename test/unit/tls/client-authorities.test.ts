// Authorities of clients and their lists: what is refused and in which words, and what is taken.

import { describe, expect, test } from 'vitest'
import { readAuthorities } from '../../../src/tls/client-authorities.ts'
import { makeCertificate, makeRevocationList } from '../../support/certificates.ts'

const [root, other, old] = await Promise.all([
  makeCertificate({ subject: 'CN=Root', isAuthority: true }),
  makeCertificate({ subject: 'CN=Other', isAuthority: true }),
  makeCertificate({ subject: 'CN=Old', isAuthority: true, fromDays: -20, untilDays: -10 }),
])
const sub = await makeCertificate({ subject: 'CN=Sub', isAuthority: true, by: root })
const impostor = await makeCertificate({ subject: 'CN=Root', isAuthority: true })
const now = Date.now()
const messages = (ca: string, lists?: string, at = now) =>
  readAuthorities(ca, lists === undefined ? undefined : Buffer.from(lists), at).faults.map(
    ({ in: half, kind, message }) => `${half} ${kind}: ${message.replace(/20\d\d-[\d-]+T[\d:]+Z/, 'THEN')}`,
  )

test('an authority with its list is taken, and shown with its end', async () => {
  const list = await makeRevocationList(root, [sub.cert], { untilDays: 7 })
  const { facts, faults, warnings, trust } = readAuthorities(root.cert, Buffer.from(list), now)
  expect([faults, warnings]).toEqual([[], []])
  expect(facts.map(({ kind, name, revoked }) => [kind, name, revoked])).toEqual([
    ['authority', 'CN=Root', undefined],
    ['revocation-list', 'CN=Root', 1],
  ])
  expect([...trust.revoked.values()].map(serials => serials.size)).toEqual([1])
})

describe('is refused:', () => {
  test('a file without authorities', () => {
    expect(messages('')).toEqual(['ca unreadable: is empty'])
    expect(messages(root.key)).toEqual([
      'ca unreadable: holds no PEM certificate, expected "-----BEGIN CERTIFICATE-----" ...',
    ])
    expect(messages(root.cert.repeat(201))[0]).toMatch(/holds 201 certificates, at most 200 are taken/)
  })

  test('an authority in between without its root', () => {
    expect(messages(sub.cert)).toEqual([
      "ca unreadable: holds CN=Sub without its issuer (CN=Root): no client's chain would come to its end, add that",
    ])
    expect(messages(sub.cert + root.cert)).toEqual([])
  })

  test('one that has expired, where there is no other', () => {
    expect(messages(old.cert)).toEqual([
      "ca time: holds CN=Old, which has expired at THEN: its certificates are refused, take the authority's new one",
    ])
    const { faults, warnings } = readAuthorities(old.cert + root.cert, undefined, now)
    expect([faults, warnings.length]).toEqual([[], 1])
  })

  test('lists that leave one of the authorities out, which OpenSSL would refuse as a whole', async () => {
    expect(messages(root.cert + other.cert, await makeRevocationList(root))).toEqual([
      'revoked halves: holds no list of CN=Other, an authority in caFile: all certificates of it would be refused, add its list',
    ])
  })

  test('a list of another who calls himself the same', async () => {
    expect(messages(root.cert, await makeRevocationList(impostor))).toEqual([
      'revoked halves: holds a list of CN=Root that is signed with another key than that of the authority in caFile',
    ])
  })

  test('a list whose next one is overdue, unless that is there too', async () => {
    const overdue = await makeRevocationList(root, [], { fromDays: -9, untilDays: -2 })
    expect(messages(root.cert, overdue)).toEqual([
      'revoked time: holds a list of CN=Root that was to be replaced until THEN: fetch the newest; until then all certificates of it are refused',
    ])
    expect(messages(root.cert, overdue + (await makeRevocationList(root)))).toEqual([])
  })

  test('a list that counts from tomorrow', async () => {
    expect(messages(root.cert, await makeRevocationList(root, [], { fromDays: 1 }))[0]).toMatch(/counts from THEN only/)
  })
})
