// Whatever two files hold: what is said of them is said, not thrown, and nothing of the key is in it.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPair } from '../../../src/tls/certificate.ts'
import { makeCertificate } from '../../support/certificates.ts'

const root = await makeCertificate({ subject: 'CN=Root', isAuthority: true })
const leaf = await makeCertificate({ names: ['erp.example', '10.0.0.1'], by: root })
const chain = leaf.cert + root.cert

/** The DER of a PEM text's first block with some bytes replaced. */
const mutated = (pem: string) =>
  fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { minLength: 1, maxLength: 3 }).map(changes => {
    const [, label, base64] = /-----BEGIN (.*)-----([^-]*)-----END/.exec(pem)!
    const der = Buffer.from(base64!, 'base64')
    for (const [at, byte] of changes) der[at % der.length] = byte
    return `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`
  })
const text = (pem: string) =>
  fc.oneof(
    fc.constant(pem),
    fc.string({ maxLength: 300 }),
    mutated(pem),
    fc
      .tuple(fc.nat(pem.length), fc.string({ maxLength: 3 }))
      .map(([at, junk]) => pem.slice(0, at) + junk + pem.slice(at)),
    fc.nat(pem.length).map(at => pem.slice(0, at)),
  )

test('any two texts get an answer of single lines', () => {
  fc.assert(
    fc.property(text(chain), text(leaf.key), fc.boolean(), (cert, key, swap) => {
      const { facts, faults, warnings } = swap ? readPair(key, cert, Date.now()) : readPair(cert, key, Date.now())
      if (faults.length === 0) expect(facts).toBeDefined()
      // Throws where there is no such instant.
      for (const ms of facts === undefined ? [] : [facts.fromMs, facts.untilMs]) new Date(ms).toISOString()
      for (const line of [...faults.map(({ message }) => message), ...warnings]) {
        expect(line).not.toMatch(/[\n\r]/)
        expect(line).not.toContain(leaf.key.split('\n')[1]!.slice(0, 16))
      }
    }),
  )
})
