import { expect, test } from 'vitest'
import type { AcmeNameReport } from '../../../../src/admin/contract/certificates.ts'
import { acmeLines, acmeRemarks, isWellByAcme } from '../../../../src/commands/words/acme-lines.ts'

const NOW = Date.UTC(2026, 10, 28, 12)
const at = (hours: number) => new Date(NOW + hours * 3_600_000).toISOString()
const nameOf = (name: Partial<AcmeNameReport>): AcmeNameReport => ({
  name: 'erp.example.com',
  state: 'ok',
  notAfter: at(48),
  failures: 0,
  lastError: null,
  nextOrder: at(24),
  ...name,
})
const error = (reason: string) => ({ at: at(-1), trouble: 'not-proven', reason }) as const
const reportOf = (...names: Partial<AcmeNameReport>[]) =>
  ({ directory: 'https://ca.example/dir', challenge: 'http-01', names: names.map(nameOf) }) as const
const lines = (name: Partial<AcmeNameReport>) => acmeLines(reportOf(name), NOW, 400, 'UTC').slice(1)

test('the CA stands above its names', () => {
  expect(acmeLines(reportOf({}, { name: 'b.example' }), NOW, 80, 'UTC')).toEqual([
    'by ACME from https://ca.example/dir (http-01):',
    '  erp.example.com: ok, renewed in 24 h 0 min',
    '  b.example: ok, renewed in 24 h 0 min',
  ])
})

test.each([
  [{ state: 'ordering', nextOrder: null }, 'an order is under way'],
  [{ state: 'waiting', notAfter: null, nextOrder: at(-1) }, 'no certificate yet, ordered now'],
  [{ state: 'waiting', notAfter: null, nextOrder: null }, 'no certificate yet; waits for the store'],
  [
    { state: 'failing', failures: 1, lastError: error('no such file'), nextOrder: at(1) },
    'no new certificate, tried once: the CA could not see that the name leads here: no such file; tried again in 60 min',
  ],
  [
    { state: 'ordering', failures: 3, lastError: error('no such file'), nextOrder: null },
    'an order is under way; before: no new certificate, tried 3 times: the CA could not see that the name leads here: no such file',
  ],
] as const)('how it stands with a name is one sentence: %j', (name, words) => {
  expect(lines(name)).toEqual([`  erp.example.com: ${words}`])
})

test('what a CA says can not steer a terminal', () => {
  const said = lines({
    state: 'failing',
    failures: 1,
    lastError: error('\u001b[2Jgone'),
    nextOrder: at(1),
  }).join()
  expect(said).not.toContain('\u001b')
})

test('all is well where each name has a certificate and its last order did not fail', () => {
  expect(isWellByAcme(reportOf({}, { state: 'ordering' }))).toBe(true)
  expect(isWellByAcme(reportOf({}, { state: 'waiting', notAfter: null }))).toBe(false)
  expect(isWellByAcme(reportOf({ state: 'failing', failures: 1, lastError: error('x') }))).toBe(false)
})

test('vigia status has a word on names in trouble only', () => {
  const remarks = acmeRemarks(
    reportOf({}, { name: 'b.example', state: 'failing', failures: 2, lastError: error('x') }),
    NOW,
  )
  expect(remarks).toEqual([
    'ACME b.example: no new certificate, tried 2 times: the CA could not see that the name leads here: x; tried again in 24 h 0 min.',
  ])
})
