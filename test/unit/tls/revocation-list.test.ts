// What revocation lists say: in PEM and DER, several in a file, large ones, and what is no list.

import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSignedBy, type RevocationList, readRevocationLists } from '../../../src/tls/revocation-list.ts'
import { makeCertificate, makeRevocationList } from '../../support/certificates.ts'

const [root, other] = await Promise.all([
  makeCertificate({ subject: 'O=Partner, CN=Root', isAuthority: true }),
  makeCertificate({ subject: 'CN=Other', isAuthority: true }),
])
const leaf = await makeCertificate({ subject: 'CN=leaf', by: root })
const pem = await makeRevocationList(root, [leaf.cert], { untilDays: 3 })
const der = Buffer.from(pem.replace(/-----[^-]*-----/g, ''), 'base64')
const read = (bytes: Buffer | string) => readRevocationLists(Buffer.from(bytes)) as readonly RevocationList[]

describe('a list', () => {
  test('in PEM and in DER says whose it is, until when it counts, and whom it revokes', () => {
    for (const bytes of [pem, der]) {
      const [list] = read(bytes)
      expect(list!.issuer.words).toBe('CN=Root, O=Partner')
      expect(list!.revoked).toEqual([new X509Certificate(leaf.cert).serialNumber])
      expect(Math.round((list!.untilMs! - list!.fromMs) / 86_400_000)).toBe(4)
      expect(read(list!.pem)).toEqual([list])
    }
  })

  test('is signed by its authority, and by no other', () => {
    const [list] = read(pem)
    expect(isSignedBy(list!, new X509Certificate(root.cert).publicKey)).toBe(true)
    expect(isSignedBy(list!, new X509Certificate(other.cert).publicKey)).toBe(false)
  })

  test('may stand beside others, and revoke nobody', async () => {
    const lists = read(pem + (await makeRevocationList(other)))
    expect(lists.map(({ issuer, revoked }) => [issuer.words, revoked.length])).toEqual([
      ['CN=Root, O=Partner', 1],
      ['CN=Other', 0],
    ])
  })
})

test.each([
  ['', 'is empty'],
  ['hello', 'holds no revocation list, expected "-----BEGIN X509 CRL-----" ...'],
  [leaf.cert, 'holds no revocation list, expected "-----BEGIN X509 CRL-----" ...'],
  [
    '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----',
    'holds a block that is not a revocation list (number 1 of 1)',
  ],
  [pem.repeat(101), 'holds 101 revocation lists, at most 100 are taken'],
])('what is none is told: %#', (text, why) => {
  expect(readRevocationLists(Buffer.from(text))).toBe(why)
})

test('whatever bytes there are, the answer is a list or one line, and no name breaks a line', () => {
  const changes = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  const cut = fc.nat(der.length)
  fc.assert(
    fc.property(changes, cut, (replaced, end) => {
      const bytes = Buffer.from(der)
      for (const [at, byte] of replaced) bytes[at] = byte
      for (const each of [bytes, bytes.subarray(0, end)]) {
        const found = readRevocationLists(each)
        const words = typeof found === 'string' ? [found] : found.map(({ issuer }) => issuer.words)
        for (const text of words) expect(text).not.toMatch(/[\n\r]/)
        if (typeof found !== 'string') isSignedBy(found[0]!, new X509Certificate(root.cert).publicKey)
      }
    }),
  )
})
