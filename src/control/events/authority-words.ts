// What is said of the authorities of clients, and of their revocation lists. Pure.

import type { AuthorityFacts } from '../../tls/client-authorities.ts'
import { formatAge, iso } from '../../util/words.ts'
import type { AuthoritiesEvent, SwappedAuthorities } from '../certificates/certificate-event.ts'
import type { LogLine } from './said.ts'

/** More than that are a number. */
const MOST_NAMED = 5

/** @param nowMs epoch ms */
export function authoritySentence(event: AuthoritiesEvent, nowMs: number): [LogLine['level'], string, object] {
  const { caFile, revokedFile } = event.files
  const fields = { caFile, ...(revokedFile !== undefined && { revokedFile }) }
  const who = 'authorities of clients'
  switch (event.kind) {
    case 'authorities-swapped':
      return ['info', `${who}: ${swapWords(event)}; connections that they do not accept any more are ended`, fields]
    case 'authorities-refused':
      return ['error', `${who}: ${event.why}; the former ones stay in use`, fields]
    case 'authorities-restored':
      return ['info', `${who}: the files hold what is in use again`, fields]
    case 'authority-expires': {
      const { inUse, mark } = event
      const { untilMs } = inUse
      const isOver = mark === 0
      const when = isOver ? `at ${iso(untilMs)}` : `in ${formatAge(untilMs - nowMs)}, at ${iso(untilMs)}`
      const text =
        inUse.kind === 'authority'
          ? `${nameOf(inUse)} ${isOver ? 'has expired' : 'expires'} ${when}: ${isOver ? 'its certificates are refused' : 'its certificates are refused from then on'}, put its new one into ${caFile}`
          : `${nameOf(inUse)} ${isOver ? 'was to be replaced' : 'is to be replaced'} ${when}: ${isOver ? 'all' : 'from then on all'} certificates of that authority are refused, put the newest list into ${revokedFile}`
      return [mark <= 1 ? 'error' : 'warn', text, { ...fields, name: inUse.name, until: iso(untilMs) }]
    }
  }
}

function swapWords({ before, now }: SwappedAuthorities): string {
  const named = (kind: AuthorityFacts['kind'], all: readonly AuthorityFacts[]) =>
    all.filter(each => each.kind === kind).map(({ name }) => name)
  const had = new Set(named('authority', before))
  const has = new Set(named('authority', now))
  const came = [...has].filter(name => !had.has(name))
  const gone = [...had].filter(name => !has.has(name))
  const lists = now.filter(({ kind }) => kind === 'revocation-list')
  const parts = [
    ...(came.length > 0 ? [`${nameList(came)} is trusted from now on`] : []),
    ...(gone.length > 0 ? [`${nameList(gone)} is not any more`] : []),
    ...lists.slice(0, MOST_NAMED).map(each => `${nameOf(each)} revokes ${each.revoked}${untilWords(each)}`),
  ]
  return parts.length > 0 ? parts.join('; ') : 'the files hold others of the same names'
}

function untilWords({ untilMs }: AuthorityFacts): string {
  return untilMs === undefined ? '' : `, until ${iso(untilMs)}`
}

function nameOf({ kind, name }: AuthorityFacts): string {
  return kind === 'authority' ? `authority ${name}` : `the revocation list of ${name}`
}

function nameList(names: readonly string[]): string {
  const more = names.length - MOST_NAMED
  return `${names.slice(0, MOST_NAMED).join(' | ')}${more > 0 ? ` and ${more} more` : ''}`
}
