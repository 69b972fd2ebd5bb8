// The answer that sends a client to https://. It is for this request only: a browser that stored it would go there for ever, also once the
// listener redirects no more.

import { FIELD } from '../../http/field-names.ts'
import { type Answer, withHead } from './answers.ts'

/** 308 (RFC 9110 15.4.9): the method stays, so that a POST is not repeated as GET. */
export function redirectAnswer(location: string): Answer {
  return withHead(
    308,
    'Permanent Redirect',
    [
      ['Location', location, FIELD.other],
      ['Cache-Control', 'no-store', FIELD.other],
    ],
    Buffer.alloc(0),
  )
}
