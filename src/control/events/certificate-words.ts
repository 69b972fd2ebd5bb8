// What is said of certificates and the ticket key. Pure.

import { formatAge, iso } from '../../util/words.ts'
import type { CertificateEvent, SwappedCertificate } from '../certificates/certificate-event.ts'
import { authoritySentence } from './authority-words.ts'
import type { LogLine, Words } from './said.ts'

/** More names than that are a number. */
const MOST_NAMES = 3

/** @param nowMs epoch ms */
export function certificateWords(event: CertificateEvent, nowMs: number): Words {
  const [level, text, fields] = sentenceOf(event, nowMs)
  const detail = { level, kind: event.kind, ...fields }
  return { lines: [{ level, fields, text }], entries: [{ type: 'certificate', text, detail }] }
}

function sentenceOf(event: CertificateEvent, nowMs: number): [LogLine['level'], string, object] {
  if (event.kind === 'ticket-key') {
    const { file, why } = event
    const text =
      why === undefined
        ? `the ticket key of ${file} is in use: earlier sessions begin with a full handshake`
        : `the ticket key file ${JSON.stringify(file)} ${why}; the former key stays in use`
    return [why === undefined ? 'info' : 'error', text, { file }]
  }
  switch (event.kind) {
    case 'authorities-swapped':
    case 'authorities-refused':
    case 'authorities-restored':
    case 'authority-expires':
      return authoritySentence(event, nowMs)
  }
  const { names, untilMs, issuer } = event.kind === 'swapped' ? event.now : event.inUse
  const fields = { names, until: iso(untilMs), issuer }
  const who = `certificate ${nameList(names)}`
  switch (event.kind) {
    case 'swapped':
      return [...swapWords(who, event), fields]
    case 'refused':
      return ['error', `${who}: ${event.why}; the former one stays in use, until ${iso(untilMs)}`, fields]
    case 'restored':
      return ['info', `${who}: its files hold what is in use again`, fields]
    case 'expires': {
      const isOver = event.mark === 0
      const text = isOver
        ? `${who} has expired at ${iso(untilMs)}: clients refuse it, renew it now`
        : `${who} expires in ${formatAge(untilMs - nowMs)}, at ${iso(untilMs)}: renew it`
      return [event.mark <= 1 ? 'error' : 'warn', text, fields]
    }
  }
}

function swapWords(who: string, { before, now, warnings }: SwappedCertificate): [LogLine['level'], string] {
  const lost = before.names.filter(name => !now.names.includes(name))
  const what =
    before.fingerprint === now.fingerprint
      ? 'has another chain'
      : `is another one: until ${iso(now.untilMs)} (was ${iso(before.untilMs)}), issued by ${now.issuer}`
  const notes = [
    ...(lost.length > 0 ? [`it no longer names ${nameList(lost)}`] : []),
    ...warnings.map(each => `its file ${each}`),
  ]
  const level = notes.length > 0 ? 'warn' : 'info'
  return [level, [`${who} ${what}; new connections get it`, ...notes].join('; ')]
}

function nameList(names: readonly string[]): string {
  const more = names.length - MOST_NAMES
  return `${names.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
