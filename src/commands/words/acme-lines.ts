// The words of `vigia certificates`, and of `vigia status` about certificates by ACME. Pure text.

import type { AcmeNameReport, AcmeReport } from '../../admin/contract/certificates.ts'
import { TROUBLE_WORDS } from '../../policy/certificates/order-tries.ts'
import { formatAge } from '../../util/words.ts'
import { printable } from './text.ts'
import { withLocalTimes } from './times.ts'
import { wrap } from './wrap.ts'

/** @param nowMs epoch ms @param zone IANA name */
export function acmeLines(
  { directory, challenge, names }: AcmeReport,
  nowMs: number,
  columns: number,
  zone: string,
): string[] {
  const lines = (text: string, indent: string) => wrap(withLocalTimes(printable(text), zone), columns, '    ', indent)
  return [
    ...lines(`by ACME from ${directory} (${challenge}):`, ''),
    ...names.flatMap(each => lines(`${each.name}: ${stateWords(each, nowMs)}`, '  ')),
  ]
}

export function isWellByAcme({ names }: AcmeReport): boolean {
  return names.every(({ state, notAfter }) => notAfter !== null && state !== 'failing')
}

/** Of the names that are in trouble, a sentence each. @param nowMs epoch ms */
export function acmeRemarks({ names }: AcmeReport, nowMs: number): string[] {
  return names
    .filter(({ failures }) => failures > 0)
    .map(each => `ACME ${printable(each.name)}: ${stateWords(each, nowMs)}.`)
}

function stateWords({ state, notAfter, failures, lastError, nextOrder }: AcmeNameReport, nowMs: number): string {
  const next = nextOrder === null ? '' : nextWords(Date.parse(nextOrder) - nowMs)
  const failed =
    lastError === null
      ? ''
      : `no new certificate, tried ${failures === 1 ? 'once' : `${failures} times`}: ${TROUBLE_WORDS[lastError.trouble]}: ${printable(lastError.reason)}`
  switch (state) {
    case 'ok':
      return `ok, renewed ${next}`
    case 'ordering':
      return `an order is under way${failed === '' ? '' : `; before: ${failed}`}`
    case 'failing':
      return `${failed}; tried again ${next}`
    case 'waiting':
      return nextOrder === null && notAfter === null
        ? 'no certificate yet; waits for the store'
        : `no certificate yet, ordered ${next}`
  }
}

function nextWords(inMs: number): string {
  return inMs <= 0 ? 'now' : `in ${formatAge(inMs)}`
}
