// What must hold after a round: the rules of README.md, each checked on every request and WebSocket. Pure: evidence in, violations out.

import type { AnswerCode } from '../../src/proxy/answers/codes.ts'
import { promiseOf } from './asks.ts'
import { judgeBuffers } from './buffering.ts'
import type { Evidence } from './evidence.ts'
import { excuseFor, faultsAround, isOutOfDescriptors } from './excuses.ts'
import type { JournalLine } from './modes.ts'
import type { Seen } from './requests.ts'
import type { Conversation } from './talks.ts'

export interface Violation {
  readonly rule: string
  readonly id: string
  readonly what: string
  /** The request that it is about, where it is one: a cached file is asked for by many. */
  readonly seen?: Seen
}

/** What an answer of vigia's own tells of an unsafe request. */
type Claim = 'not one byte of it was sent' | 'no upstream has all of it' | 'nobody knows' | 'must not be said'

export function judge(evidence: Evidence): Violation[] {
  const found: Violation[] = judgeAssets(evidence)
  for (const seen of evidence.seen) {
    const report = (rule: string, what: string) => void found.push({ rule, id: seen.id, what, seen })
    judgeRequest(seen, evidence, report)
  }
  for (const conversation of evidence.conversations) {
    const what = judgeConversation(conversation, evidence)
    if (what) found.push({ rule: '7 WebSockets', id: conversation.id, what })
  }
  for (const { missed } of evidence.ownEpisodes)
    for (const what of missed) found.push({ rule: '8 trouble of its own', id: '', what })
  for (const what of judgeBuffers(evidence)) found.push({ rule: '11 buffers', id: '', what })
  for (const what of judgeOwnTrouble(evidence)) found.push({ rule: '8 trouble of its own', id: '', what })
  for (const { msg, level } of evidence.log) {
    if (msg.includes('unexpected exception') || level === 'fatal') found.push({ rule: '6 log', id: '', what: msg })
  }
  return found
}

/** An answer of an upstream, whole. */
export function isGood({ end, status }: Seen): boolean {
  return end === 'answered' && status >= 100 && status < 400
}

function judgeRequest(seen: Seen, evidence: Evidence, report: (rule: string, what: string) => void): void {
  const promised = promiseOf(seen.kind)
  const lines = evidence.journal.get(seen.id) ?? []
  const count = (event: JournalLine['event'], node?: string) =>
    lines.filter(line => line.event === event && (node === undefined || line.node === node)).length
  const entries = evidence.access.get(seen.id) ?? []
  const entry = entries[0]

  if (promised === 'shared') return judgeShared(seen, evidence, report)
  const most = seen.end === 'unsent' ? 0 : 1
  const least = seen.end === 'left' ? 0 : most
  if (entries.length < least || entries.length > most) report('access log', `${entries.length} lines for one request`)
  if (seen.end === 'unsent' && lines.length > 0) report('9 HTTP/2', 'an upstream has what was not taken')
  if (seen.wrong !== '') report('2 answers', seen.wrong)
  if (seen.end === 'none') report('answers', `no answer at all (${seen.error})`)

  // 1. Unsafe and not declared: at most one upstream ever sees it.
  if (promised === 'once') {
    if (count('whole') > 1) report('1 delivered twice', `${count('whole')} times`)
    else if (count('begin') > 1) report('1 sent twice', `${count('begin')} times, once as a whole`)
  }

  // Who has left knows nothing of the rest, and who was not let in has nothing to complain of.
  if (seen.end === 'left' || seen.end === 'unsent') return

  // 2. What the client was told to be done is done, by whom it was told, once.
  if (seen.node !== '' && seen.status >= 200 && seen.status < 300) {
    if (count('whole', seen.node) < 1) report('2 in a journal', `the journal of ${seen.node} does not have it`)
    if (promised === 'once' && count('whole') !== 1) report('2 in a journal', `${count('whole')} times`)
    if (promised === 'declared' && evidence.carriedOut.get(seen.id) !== seen.doneBy)
      report('2 in a journal', `carried out by ${evidence.carriedOut.get(seen.id)}, not by ${seen.doneBy}`)
  }

  // 3. No error that could be spared; and no error at all without a fault.
  if (!isGood(seen)) {
    if (promised !== 'once' && excuseFor(seen, entry, evidence) === undefined)
      report('3 an error without need', `${seen.status} ${seen.code || seen.end} ${seen.error}`)
    const at = seen.node || entry?.upstream || ''
    const isExcused = seen.code === 'overloaded' || isOutOfDescriptors(seen, evidence)
    if (promised === 'once' && !isExcused && faultsAround(evidence.episodes, at, seen).length === 0)
      report('3 an error without a fault', `${seen.status} ${seen.code || seen.end} ${seen.error}`)
  }

  // 4. In doubt: on record, and only where doubt is possible.
  if (seen.code === 'in-doubt') {
    if (promised === 'repeatable' || promised === 'large') report('4 in doubt', 'said of a request that is harmless')
    if (!evidence.log.some(line => line.requestId === seen.requestId && line.msg.includes('in doubt')))
      report('4 in doubt', 'there is no record of it in the log')
    if (evidence.listedInDoubt && !evidence.listedInDoubt.has(seen.requestId))
      report('4 in doubt', 'GET /in-doubt does not have it')
  }

  // 5. What vigia says of an unsafe request that failed is true.
  if (promised === 'once' || promised === 'declared') {
    const claim = seen.code === '' ? undefined : claimOf(seen.code as AnswerCode)
    if (claim === 'must not be said') report('5 claims', `${seen.code} is no answer to an unsafe request`)
    if (claim === 'not one byte of it was sent' && count('begin') > 0)
      report('5 claims', `${seen.code} says it was not sent, and ${count('begin')} upstreams have it`)
    if (claim === 'no upstream has all of it' && count('whole') > 0)
      report('5 claims', `${seen.code} says it was broken off, and an upstream has all of it`)
  }
}

/** 10. The answer is the asset that was asked for, as a whole, whoever fetched it. */
function judgeShared(seen: Seen, evidence: Evidence, report: (rule: string, what: string) => void): void {
  if (seen.wrong !== '') report('10 cache', seen.wrong)
  if (seen.end === 'none') report('answers', `no answer at all (${seen.error})`)
  if (!isGood(seen) && seen.end !== 'unsent' && excuseFor(seen, undefined, evidence) === undefined)
    report(
      '3 an error without need',
      `${seen.status} ${seen.code || seen.end} ${seen.error}, ${seen.startMs} to ${seen.endMs}`,
    )
}

/** 10. As many lines as requests. */
function judgeAssets({ seen, access }: Evidence): Violation[] {
  const asked = new Map<string, number>()
  for (const { id, kind, end } of seen)
    if (promiseOf(kind) === 'shared' && end !== 'unsent') asked.set(id, (asked.get(id) ?? 0) + 1)
  return [...asked].flatMap(([id, count]) => {
    const logged = access.get(id)?.length ?? 0
    return logged === count ? [] : [{ rule: 'access log', id, what: `${logged} lines for ${count} requests` }]
  })
}

/** What vigia itself has run out of is no verdict on an upstream. */
function judgeOwnTrouble({ log }: Evidence): string[] {
  return log.flatMap(({ to, msg }) => (to === 'out' && /\bE[MN]FILE\b/.test(msg) ? [msg] : []))
}

function claimOf(code: AnswerCode): Claim {
  switch (code) {
    case 'in-doubt':
      return 'nobody knows'
    // Of an unsafe request that was sent, in-doubt is the only truth; these are for repeatable ones.
    case 'upstream-reset':
    case 'upstream-timeout':
    case 'bad-upstream-response':
    case 'internal-error':
      return 'must not be said'
    case 'body-too-large':
    case 'body-timeout':
    case 'bad-chunk':
    case 'bad-trailer':
      return 'no upstream has all of it'
    default:
      return 'not one byte of it was sent'
  }
}

/** Echoes come in order and none is missing, until a fault on the upstream ends it. */
function judgeConversation(talk: Conversation, { episodes }: Evidence): string | undefined {
  if (talk.wrong !== '') return talk.wrong
  if (talk.regular && talk.ending === 'closed 1000') return undefined
  // A fault may come just when the client says goodbye.
  if (faultsAround(episodes, talk.node, talk).length > 0) return undefined
  return `${talk.regular ? 'was ended with 1000, then' : 'ended without a fault:'} ${talk.ending}`
}
