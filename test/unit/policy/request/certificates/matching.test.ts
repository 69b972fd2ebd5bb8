// Which certificates a route is for, and which of several routes takes whose requests.

import { describe, expect, test } from 'vitest'
import type { CertificateMatch, RouteMatch } from '../../../../../src/plan/route.ts'
import { CertificateClasses } from '../../../../../src/policy/request/certificates/classes.ts'
import {
  matchesCertificate,
  type PresentedCertificate,
} from '../../../../../src/policy/request/certificates/matching.ts'
import { RouteTables } from '../../../../../src/policy/request/certificates/route-tables.ts'
import { matchRoute } from '../../../../../src/policy/request/routing.ts'

const edi: PresentedCertificate = {
  subjectAttributes: new Map([
    ['cn', ['edi.Partner.example']],
    ['o', ['Partner']],
    ['ou', ['One', 'Two']],
  ]),
  issuerAttributes: new Map([['cn', ['Partner CA']]]),
  names: ['DNS:edi.partner.example', 'URI:spiffe://partner.example/erp/edi', 'email:edi@partner.example'],
  fingerprint: 'ab'.repeat(32),
}
const none: CertificateMatch = { subject: [], issuer: [], san: [], fingerprint: [] }
const matches = (part: Partial<CertificateMatch>, certificate: PresentedCertificate | undefined = edi) =>
  matchesCertificate({ ...none, ...part }, certificate)

describe('a certificate fits', () => {
  test('where nothing is asked of it; no certificate never does', () => {
    expect([matches({}), matchesCertificate(none, undefined)]).toEqual([true, false])
  })

  test.each<[string, Partial<CertificateMatch>, boolean]>([
    ['an attribute to the letter', { subject: [[['o', 'Partner']]] }, true],
    ['not in another case', { subject: [[['o', 'partner']]] }, false],
    [
      'all attributes',
      {
        subject: [
          [
            ['o', 'Partner'],
            ['ou', 'Two'],
          ],
        ],
      },
      true,
    ],
    [
      'not only some',
      {
        subject: [
          [
            ['o', 'Partner'],
            ['ou', 'Three'],
          ],
        ],
      },
      false,
    ],
    ['one subject of several', { subject: [[['o', 'No']], [['ou', 'One']]] }, true],
    ['any name below', { subject: [[['cn', '*.partner.example']]] }, true],
    ['not the name itself', { subject: [[['cn', '*.edi.partner.example']]] }, false],
    ['any value that is there', { subject: [[['ou', '*']]] }, true],
    ['none that is not', { subject: [[['c', '*']]] }, false],
    ['its issuer', { issuer: [[['cn', 'Partner CA']]] }, true],
    ['not another issuer', { issuer: [[['cn', 'Other CA']]], subject: [[['o', 'Partner']]] }, false],
    ['a host', { san: ['DNS:edi.partner.example'] }, true],
    ['hosts below', { san: ['DNS:*.partner.example'] }, true],
    ['not as an address of mail', { san: ['email:*.partner.example'] }, false],
    ['a URI', { san: ['URI:spiffe://partner.example/erp/edi'] }, true],
    ['URIs below', { san: ['URI:spiffe://partner.example/erp/*'] }, true],
    ['not beside', { san: ['URI:spiffe://partner.example/er/*'] }, false],
    ['a host that is none of its kind', { san: ['URI:edi.partner.example'] }, false],
    ['its fingerprint', { fingerprint: ['ab'.repeat(32)] }, true],
    ['not another', { fingerprint: ['cd'.repeat(32)] }, false],
  ])('%s', (_, part, fits) => {
    expect(matches(part)).toBe(fits)
  })
})

describe('routes', () => {
  const route = (path: string, clientCertificate?: Partial<CertificateMatch>): RouteMatch => ({
    ...{ listeners: [], hosts: [], path, methods: [] },
    clientCertificate: clientCertificate && { ...none, ...clientCertificate },
  })
  const tables = new RouteTables(
    new CertificateClasses([
      route('/x', { fingerprint: ['cd'.repeat(32)] }),
      route('/x', { subject: [[['o', 'Partner']]] }),
      route('/y', {}),
      route('/'),
    ]),
  )
  const taken = (certificate: PresentedCertificate | undefined, path: string) =>
    matchRoute(tables.of('web', certificate), '', path, 'GET')

  test('are passed over by who does not fit, the first that fits takes the others', () => {
    const other = { ...edi, subjectAttributes: new Map(), fingerprint: 'cd'.repeat(32) }
    const stranger = { ...edi, subjectAttributes: new Map() }
    expect([edi, other, stranger, undefined].map(each => [taken(each, '/x'), taken(each, '/y')])).toEqual([
      [1, 2],
      [0, 2],
      [3, 2],
      [3, 3],
    ])
  })

  test('are indexed once for all who meet the same conditions', () => {
    const same = { ...edi, fingerprint: 'ef'.repeat(32) }
    expect(tables.of('web', same)).toBe(tables.of('web', edi))
    expect(tables.of('web', undefined)).not.toBe(tables.of('web', edi))
  })
})
