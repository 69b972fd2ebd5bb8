// Whether a 101 is the answer to the request that it came for: a server that switches unasked would have its bytes taken for answers.

import { fieldValue } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/heads.ts'
import { areOffered } from '../../http/upgrades.ts'
import type { AttemptEvents } from './attempt-events.ts'

const ACCEPT = 'sec-websocket-accept'

/** @param attempt undefined = its request can't have arrived @returns in words; undefined = the 101 is right */
export function upgradeFault(attempt: AttemptEvents | undefined, head: ResponseHead): string | undefined {
  const { upgrade } = head.options
  if (attempt?.offers === undefined || !attempt.requestSent || upgrade === undefined)
    return '101 to a request that did not ask for it'
  if (!areOffered(upgrade, attempt.offers)) return '101 to a protocol that was not offered'
  const given = fieldValue(head.fields, ACCEPT)
  const { webSocketAccept: expected = given } = attempt
  return given === expected ? undefined : `101 with a wrong ${ACCEPT}`
}
