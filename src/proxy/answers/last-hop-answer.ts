// What vigia answers to a request that may go no further (OPTIONS or TRACE with Max-Forwards: 0, RFC 9110 7.6.2). OPTIONS gets an empty
// 200 (9.3.7). TRACE gets back what it sent as far as it is of use to who traces: its first line and the fields that tell of its way. All
// others may be secrets (9.3.8).

import { FIELD, type Field } from '../../http/field-names.ts'
import type { RequestHead } from '../../http/heads.ts'
import { type Answer, withHead } from './answers.ts'

export function lastHopAnswer(request: RequestHead): Answer {
  const fields: [string, string, Field][] = [['Cache-Control', 'no-store', FIELD.other]]
  const isTrace = request.method === 'TRACE'
  if (isTrace) fields.push(['Content-Type', 'message/http', FIELD.contentType])
  const body = Buffer.from(isTrace ? traced(request) : '', 'latin1')
  return withHead(200, 'OK', fields, body)
}

function traced({ method, target, minor, meaning: { fields } }: RequestHead): string {
  const { names, values, kinds } = fields
  const kept = names.flatMap((name, i) => (isOfTheWay(kinds[i]!) ? [`${name}: ${values[i]}\r\n`] : []))
  return `${method} ${target} HTTP/1.${minor}\r\n${kept.join('')}\r\n`
}

function isOfTheWay(kind: Field): boolean {
  return kind === FIELD.host || kind === FIELD.via || kind === FIELD.cdnLoop || kind === FIELD.maxForwards
}
