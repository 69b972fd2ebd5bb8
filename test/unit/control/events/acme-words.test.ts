import { expect, test } from 'vitest'
import type { AcmeEvent, FailedOrderEvent } from '../../../../src/control/certificates/acme/acme-event.ts'
import { acmeWords } from '../../../../src/control/events/acme-words.ts'
import type { CertificateFacts } from '../../../../src/tls/certificate.ts'

const NOW = Date.UTC(2026, 10, 28, 12)
const DAY_MS = 86_400_000
const facts = (untilMs: number) => ({ untilMs, issuer: 'CN=R11' }) as CertificateFacts
const said = (event: AcmeEvent) => {
  const { lines, entries } = acmeWords(event, NOW)
  expect(entries).toMatchObject([{ type: 'certificate', text: lines![0]!.text }])
  return `${lines![0]!.level}: ${lines![0]!.text}`
}
const failed = (event: Partial<FailedOrderEvent>): AcmeEvent => ({
  ...{ type: 'acme', kind: 'failed', name: 'erp.test', directory: 'https://ca.test/dir' },
  ...{ trouble: 'unreachable', reason: 'connection refused', failures: 1, retryAtMs: NOW + 30_000 },
  untilMs: NOW + 30 * DAY_MS,
  ...event,
})

test('an issued certificate is told with its end, a renewed one with that of before, too', () => {
  const issued = { type: 'acme', kind: 'issued', name: 'erp.test', directory: 'https://ca.test/dir' } as const
  expect(said({ ...issued, before: undefined, now: facts(NOW + DAY_MS) })).toBe(
    'info: certificate erp.test: issued by ACME, until 2026-11-29T12:00:00.000Z, by CN=R11; new connections get it',
  )
  expect(said({ ...issued, before: facts(NOW), now: facts(NOW + DAY_MS) })).toBe(
    'info: certificate erp.test: renewed by ACME, until 2026-11-29T12:00:00.000Z (was 2026-11-28T12:00:00.000Z), by CN=R11; new connections get it',
  )
})

test('a failed order says why, when the next one is, and what is served meanwhile', () => {
  expect(said(failed({}))).toBe(
    'warn: certificate erp.test: no new one by ACME: the CA is away: connection refused; next try in 30 s, the one in use counts until 2026-12-28T12:00:00.000Z',
  )
  expect(said(failed({ untilMs: undefined, trouble: 'not-proven', failures: 2 }))).toBe(
    'error: certificate erp.test: no new one by ACME (2 times in a row): the CA could not see that the name leads here: connection refused; next try in 30 s, a self-signed one is served meanwhile',
  )
})

test('it is an error as soon as somebody has to look after it', () => {
  const levels = [
    failed({ failures: 8 }),
    failed({ trouble: 'refused', failures: 2 }),
    failed({ untilMs: NOW - 1 }),
    failed({ untilMs: undefined }),
  ].map(event => said(event).split(':')[0])
  expect(levels).toEqual(['warn', 'error', 'error', 'error'])
})

test('that a self-signed one is served is a warning', () => {
  expect(said({ type: 'acme', kind: 'self-signed', names: ['a.test', 'b.test'] })).toMatch(
    /^warn: no certificate yet for a\.test, b\.test: clients get a self-signed one/,
  )
})
