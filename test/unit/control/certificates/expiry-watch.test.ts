// Each mark on the way to the end of a certificate is told once.

import { expect, test } from 'vitest'
import { ExpiryWatch } from '../../../../src/control/certificates/expiry-watch.ts'
import type { CertificateFacts } from '../../../../src/tls/certificate.ts'

const DAY = 86_400_000
const facts = (fingerprint: string, untilDay: number): CertificateFacts => ({
  names: ['erp.example'],
  issuer: 'CN=R11',
  isSelfSigned: false,
  keyType: 'ecdsa',
  keyWords: 'ECDSA P-256',
  fromMs: (untilDay - 90) * DAY,
  untilMs: untilDay * DAY,
  fingerprint,
})

/** What is told on each of these days. */
function toldOn(days: readonly number[], inUse: readonly CertificateFacts[]): (string | undefined)[] {
  let told: string | undefined
  const watch = new ExpiryWatch<CertificateFacts>(({ fingerprint }, mark) => {
    told = `${told ?? ''}${fingerprint}${mark} `
  })
  return days.map(day => {
    told = undefined
    watch.look(new Map(inUse.map(each => [each.fingerprint, each])), day * DAY)
    return told
  })
}

test('at 21, 7 and 1 days and at the end, once each, however often it is looked at', () => {
  const days = [1000, 1078, 1079, 1080, 1092, 1093, 1094, 1099, 1099.5, 1100, 1101]
  expect(toldOn(days, [facts('a', 1100)])).toEqual([
    ...[undefined, undefined, 'a21 ', undefined, undefined, 'a7 ', undefined, 'a1 ', undefined, 'a0 ', undefined],
  ])
})

test('only the newest after a start, and of several listeners with the same one no more', () => {
  expect(toldOn([1095, 1095], [facts('a', 1100), facts('a', 1100), facts('b', 1096)])).toEqual(['a7 b1 ', undefined])
})

test('again where a clock was set back to before it', () => {
  expect(toldOn([1080, 1000, 1080], [facts('a', 1100)])).toEqual(['a21 ', undefined, 'a21 '])
  expect(toldOn([1095, 1080, 1095], [facts('a', 1100)])).toEqual(['a7 ', undefined, 'a7 '])
})
