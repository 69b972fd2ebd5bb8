// What is said of certificates by ACME. Pure.

import { TROUBLE_WORDS } from '../../policy/certificates/order-tries.ts'
import { formatAge, iso } from '../../util/words.ts'
import type { AcmeEvent, FailedOrderEvent } from '../certificates/acme/acme-event.ts'
import type { LogLine, Words } from './said.ts'

/** @param nowMs epoch ms */
export function acmeWords(event: AcmeEvent, nowMs: number): Words {
  const [level, text, fields] = sentenceOf(event, nowMs)
  const { kind } = event
  return {
    lines: [{ level, fields, text }],
    entries: [{ type: 'certificate', text, detail: { level, kind, ...fields } }],
  }
}

function sentenceOf(event: AcmeEvent, nowMs: number): [LogLine['level'], string, object] {
  switch (event.kind) {
    case 'issued': {
      const { name, directory, before, now } = event
      const [until, was] = [iso(now.untilMs), before === undefined ? '' : ` (was ${iso(before.untilMs)})`]
      const text = `certificate ${name}: ${before === undefined ? 'issued' : 'renewed'} by ACME, until ${until}${was}, by ${now.issuer}; new connections get it`
      return ['info', text, { name, directory, until }]
    }
    case 'failed': {
      const { name, directory, trouble, reason } = event
      return [levelOf(event, nowMs), failureText(event, nowMs), { name, directory, trouble, reason }]
    }
    case 'self-signed': {
      const { names } = event
      const text = `no certificate yet for ${names.join(', ')}: clients get a self-signed one, which browsers warn of, until ACME has brought one`
      return ['warn', text, { names }]
    }
  }
}

function failureText({ name, trouble, reason, failures, retryAtMs, untilMs }: FailedOrderEvent, nowMs: number): string {
  const tries = failures === 1 ? '' : ` (${failures} times in a row)`
  const meanwhile =
    untilMs === undefined
      ? 'a self-signed one is served meanwhile'
      : `the one in use ${untilMs > nowMs ? 'counts until' : 'has expired at'} ${iso(untilMs)}`
  return `certificate ${name}: no new one by ACME${tries}: ${TROUBLE_WORDS[trouble]}: ${reason}; next try in ${formatAge(retryAtMs - nowMs)}, ${meanwhile}`
}

/** That a CA is away for a while needs nobody, as long as there is a certificate. */
function levelOf({ trouble, untilMs, failures }: FailedOrderEvent, nowMs: number): LogLine['level'] {
  const isServed = untilMs !== undefined && untilMs > nowMs
  return isServed && (trouble === 'unreachable' || failures === 1) ? 'warn' : 'error'
}
