// Authentication schemes that log in a connection, not a request: what comes on it afterwards is the user's, with or without credentials
// (RFC 4559 6 for Negotiate, MS-NTHT for NTLM). Such a connection must never be shared. What vigia does with it is
// proxy/upstream/logins.ts.

import { FIELD } from './field-names.ts'
import { type Fields, fieldValues } from './fields.ts'

const CREDENTIALS = /^(?:ntlm|negotiate|nego2|kerberos)(?:[ \t]|$)/i
/** In a list of challenges (RFC 9110 11.6.1). One within a quoted string counts too: that costs a shared connection, no more. */
const CHALLENGE = /(?:^|,)[ \t]*(?:ntlm|negotiate|nego2|kerberos)(?:[ \t,]|$)/i

/** Whether a request brings credentials of such a scheme. Proxy-Authorization does not count: vigia never forwards it. */
export function bringsLogin({ kinds, values }: Fields): boolean {
  for (let i = kinds.indexOf(FIELD.authorization); i >= 0; i = kinds.indexOf(FIELD.authorization, i + 1)) {
    if (CREDENTIALS.test(values[i]!)) return true
  }
  return false
}

/** Whether a response asks for credentials of such a scheme. */
export function asksForLogin(status: number, fields: Fields): boolean {
  if (status !== 401 && status !== 407) return false
  const challenges = fieldValues(fields, status === 401 ? 'www-authenticate' : 'proxy-authenticate')
  return challenges !== undefined && CHALLENGE.test(challenges)
}
