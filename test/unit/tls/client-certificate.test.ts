// What a client's certificate says, and whether one that was accepted would be now.

import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { readAuthorities } from '../../../src/tls/client-authorities.ts'
import { certificateField, chainField, clientCertificate, refusalBy } from '../../../src/tls/client-certificate.ts'
import { makeCertificate, makeRevocationList } from '../../support/certificates.ts'

const root = await makeCertificate({ subject: 'CN=Root', isAuthority: true })
const sub = await makeCertificate({ subject: 'CN=Sub', isAuthority: true, by: root })
const own = await makeCertificate({
  subject: 'CN=a\\, DNS:evil.example, OU=One, OU=Two',
  names: ['EDI.example', 'fd00::1', '10.0.0.1'],
  by: sub,
})
const other = await makeCertificate({ subject: 'CN=Other', isAuthority: true })
const chain = [own, sub, root].map(({ cert }) => new X509Certificate(cert))
const certificate = clientCertificate(chain)
const judged = (ca: string, lists?: string) => {
  const { trust } = readAuthorities(ca, lists === undefined ? undefined : Buffer.from(lists), Date.now())
  const authorities = ca.split(/(?<=-----END CERTIFICATE-----\n)/).map(pem => new X509Certificate(pem))
  return refusalBy(certificate, { authorities, revoked: trust.revoked })
}

test('attributes and names stand as they are, and none can pretend to be another', () => {
  expect(certificate.subjectAttributes.get('ou')).toEqual(['One', 'Two'])
  expect(certificate.subjectAttributes.get('cn')).toEqual(['a, DNS:evil.example'])
  expect(certificate.names).toEqual(['DNS:edi.example', 'IP:fd00::1', 'IP:10.0.0.1'])
})

test('upstreams get it as RFC 9440 has it, the chain without its root', () => {
  const base64 = (cert: string) => `:${new X509Certificate(cert).raw.toString('base64')}:`
  expect([certificateField(certificate), chainField(certificate)]).toEqual([base64(own.cert), base64(sub.cert)])
  expect(chainField(clientCertificate([new X509Certificate(root.cert)]))).toBeUndefined()
})

test('it is accepted as long as its authority is there and nothing of its chain is revoked', async () => {
  expect(judged(root.cert)).toBeUndefined()
  expect(judged(other.cert + root.cert)).toBeUndefined()
  expect(judged(other.cert)).toBe('certificate-untrusted')
  // One of the name of its issuer, whom its authority has never seen.
  const namesake = await makeCertificate({ subject: 'CN=Sub', isAuthority: true, by: other })
  const mixed = clientCertificate([chain[0]!, new X509Certificate(namesake.cert)])
  const trust = { authorities: [new X509Certificate(other.cert)], revoked: new Map() }
  expect(refusalBy(mixed, trust)).toBe('certificate-untrusted')
  expect(judged(root.cert, await makeRevocationList(root))).toBeUndefined()
  expect(judged(root.cert, await makeRevocationList(sub, [own.cert]))).toBe('certificate-revoked')
  expect(judged(root.cert, await makeRevocationList(root, [sub.cert]))).toBe('certificate-revoked')
  // The same number, given out by somebody else.
  expect(judged(root.cert, await makeRevocationList(root, [own.cert]))).toBeUndefined()
})
