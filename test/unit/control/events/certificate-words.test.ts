// What the log and GET /events say of certificates.

import { expect, test } from 'vitest'
import type { CertificateEvent } from '../../../../src/control/certificates/certificate-event.ts'
import { certificateWords } from '../../../../src/control/events/certificate-words.ts'

const NOW = Date.parse('2026-12-01T00:00:00Z')
const DAY = 86_400_000
const facts = {
  names: ['erp.example', 'a.example', 'b.example', 'c.example'],
  issuer: 'CN=R11',
  isSelfSigned: false,
  keyType: 'ecdsa',
  keyWords: 'ECDSA P-256',
  fromMs: NOW - 80 * DAY,
  untilMs: NOW + 10 * DAY,
  fingerprint: 'a',
} as const
const files = { certFile: '/c.pem', keyFile: '/k.pem' }
const renewed = { ...facts, untilMs: NOW + 90 * DAY, fingerprint: 'b' }
const said = (event: CertificateEvent) => {
  const { lines, entries } = certificateWords(event, NOW)
  expect(entries).toMatchObject([{ type: 'certificate', text: lines![0]!.text, detail: { kind: event.kind } }])
  return `${lines![0]!.level}: ${lines![0]!.text}`
}
const WHO = 'certificate erp.example, a.example, b.example and 1 more'

test.each<[CertificateEvent, string]>([
  [
    { type: 'certificate', kind: 'swapped', files, before: facts, now: renewed, warnings: [] },
    `info: ${WHO} is another one: until 2027-03-01T00:00:00.000Z (was 2026-12-11T00:00:00.000Z), issued by CN=R11; new connections get it`,
  ],
  [
    { type: 'certificate', kind: 'swapped', files, before: facts, now: facts, warnings: [] },
    `info: ${WHO} has another chain; new connections get it`,
  ],
  [
    {
      type: 'certificate',
      kind: 'swapped',
      files,
      before: { ...facts, names: [...facts.names, 'shop.example'] },
      now: renewed,
      warnings: ['has an odd chain'],
    },
    `warn: ${WHO} is another one: until 2027-03-01T00:00:00.000Z (was 2026-12-11T00:00:00.000Z), issued by CN=R11; new connections get it; it no longer names shop.example; its file has an odd chain`,
  ],
  [
    { type: 'certificate', kind: 'refused', files, why: 'the file "/c.pem" is empty', inUse: facts },
    `error: ${WHO}: the file "/c.pem" is empty; the former one stays in use, until 2026-12-11T00:00:00.000Z`,
  ],
  [{ type: 'certificate', kind: 'restored', files, inUse: facts }, `info: ${WHO}: its files hold what is in use again`],
  [
    { type: 'certificate', kind: 'expires', inUse: facts, mark: 21 },
    `warn: ${WHO} expires in 10 d 0 h, at 2026-12-11T00:00:00.000Z: renew it`,
  ],
  [
    { type: 'certificate', kind: 'expires', inUse: { ...facts, untilMs: NOW + DAY / 2 }, mark: 1 },
    `error: ${WHO} expires in 12 h 0 min, at 2026-12-01T12:00:00.000Z: renew it`,
  ],
  [
    { type: 'certificate', kind: 'expires', inUse: { ...facts, untilMs: NOW }, mark: 0 },
    `error: ${WHO} has expired at 2026-12-01T00:00:00.000Z: clients refuse it, renew it now`,
  ],
  [
    { type: 'certificate', kind: 'ticket-key', file: '/t', why: undefined },
    'info: the ticket key of /t is in use: earlier sessions begin with a full handshake',
  ],
  [
    { type: 'certificate', kind: 'ticket-key', file: '/t', why: 'is empty' },
    'error: the ticket key file "/t" is empty; the former key stays in use',
  ],
])('%j', (event, text) => {
  expect(said(event)).toBe(text)
})
