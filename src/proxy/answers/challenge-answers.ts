// What a CA gets that looks whether a name leads here (http-01, RFC 8555 8.3): before routes, windows and access rules, for exactly the
// path of an order under way. There is nothing to look at between orders.

import { FIELD } from '../../http/field-names.ts'
import { type AcmeChallenges, CHALLENGE_PATH } from '../../shared/acme-challenges.ts'
import { type Answer, withHead } from './answers.ts'

/** By path. */
export type ChallengeAnswers = ReadonlyMap<string, Answer>

/** Undefined = there are none. */
export function challengeAnswers({ http }: AcmeChallenges): ChallengeAnswers | undefined {
  if (http.length === 0) return undefined
  return new Map(http.map(({ token, keyAuthorization }) => [CHALLENGE_PATH + token, answerOf(keyAuthorization)]))
}

function answerOf(keyAuthorization: string): Answer {
  const fields = [
    ['Content-Type', 'application/octet-stream', FIELD.contentType],
    ['Cache-Control', 'no-store', FIELD.other],
  ] as const
  return withHead(200, 'OK', fields, Buffer.from(keyAuthorization))
}
