// What people read of certificates at a terminal.

import { describe, expect, test } from 'vitest'
import type { CertificateReport } from '../../../../src/admin/contract/certificates.ts'
import {
  certificateLines,
  certificateRemarks,
  certificateTrouble,
  isWell,
} from '../../../../src/commands/words/certificate-lines.ts'

const NOW = Date.parse('2026-12-01T12:00:00Z')
const report = (more: Partial<CertificateReport> = {}): CertificateReport => ({
  names: ['erp.example.com', 'www.erp.example.com'],
  issuer: "CN=R11, O=Let's Encrypt, C=US",
  selfSigned: false,
  key: 'ECDSA P-256',
  notBefore: '2026-11-01T00:00:00.000Z',
  notAfter: '2027-01-30T00:00:00.000Z',
  daysLeft: 59,
  state: 'ok',
  came: 'file',
  certFile: '/etc/letsencrypt/live/erp.example.com/fullchain.pem',
  listeners: ['https'],
  fingerprint: 'ab',
  problem: null,
  ...more,
})
const lines = (more?: Partial<CertificateReport>) => certificateLines(report(more), NOW, 80, 'America/Sao_Paulo')

test('all there is of one, in the time of this machine', () => {
  expect(lines()).toEqual([
    'ok  erp.example.com, www.erp.example.com',
    '  until 2027-01-29 21:00:00 (59 d 12 h left), from 2026-10-31 21:00:00',
    "  issued by CN=R11, O=Let's Encrypt, C=US; ECDSA P-256",
    '  listener https; file /etc/letsencrypt/live/erp.example.com/fullchain.pem',
  ])
})

test('forty names fit the terminal, and nothing steers it', () => {
  const names = Array.from({ length: 40 }, (_, i) => `host-${i}.branch.example.com`)
  const all = lines({ names, issuer: 'CN=\u001b[31mred', listeners: names.slice(0, 9), problem: 'is\u0007 empty' })
  expect(all.filter(line => line.length > 80)).toEqual([])
  expect(all.join('')).not.toMatch(/[\u0000-\u001f]/)
  expect(all.join(' ')).toContain('NOT IN USE: is? empty')
})

describe('needs a hand where it', () => {
  test.each([
    [
      'ends soon',
      { state: 'expires-soon', notAfter: '2026-12-03T12:00:00Z' },
      'Certificate of erp.example.com and 1 more: 2 d 0 h left, until 2026-12-03T12:00:00Z.',
    ],
    [
      'has files that can not be used',
      { problem: 'the file "k" is empty' },
      'Certificate of erp.example.com and 1 more: the file "k" is empty; the former one stays in use.',
    ],
  ] as const)('%s', (_, more, remark) => {
    expect(isWell(report(more))).toBe(false)
    expect(certificateTrouble(report(more), NOW)).toBeUndefined()
    expect(certificateRemarks(report(more), NOW)).toEqual([remark])
  })

  test.each([
    [
      'has ended',
      { state: 'expired', notAfter: '2026-12-01T10:00:00Z' },
      'The certificate of erp.example.com and 1 more has EXPIRED, 120 min ago (2026-12-01T10:00:00Z): clients refuse it.',
    ],
    [
      'does not count yet',
      { state: 'not-yet-valid', notBefore: '2026-12-02T10:00:00Z' },
      'The certificate of erp.example.com and 1 more is NOT YET VALID, until 2026-12-02T10:00:00Z: clients refuse it.',
    ],
  ] as const)('%s', (_, more, trouble) => {
    expect(isWell(report(more))).toBe(false)
    expect(certificateTrouble(report(more), NOW)?.replace('2 h 0 min', '120 min')).toBe(trouble)
  })
})

test('one that vigia made itself is said to be no more than that', () => {
  expect(certificateRemarks(report({ came: 'self-signed', certFile: null, names: ['a'] }), NOW)).toEqual([
    "Certificate of a: made by vigia itself, which clients don't trust, until another one comes.",
  ])
})
