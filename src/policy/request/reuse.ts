// May a request ride an idle upstream connection? Decided on what was seen of this upstream: some announce how long
// they keep a connection, some (uWSGI) close it about 1 ms after the answer without a word.

import { type BodyLength, CHUNKED, NO_LENGTH } from '../../http/body.ts'

/** What is known about how one upstream treats idle connections. */
export interface ReuseEvidence {
  /** An idle connection was seen open `PROVEN_OPEN_MS` or more after a response, and no surprise came since. */
  readonly provenOpen: boolean
  /** Shortest idle age at which the upstream closed a connection, ms; Infinity = never seen. */
  readonly shortestIdleCloseMs: number
  /** From the response field `Keep-Alive: timeout=N`, ms; undefined = none. */
  readonly announcedKeepAliveMs: number | undefined
}

/** Idle age from which an open connection proves that the upstream does keep them. */
export const PROVEN_OPEN_MS = 100

/** Idle age up to which a request that can't be sent twice may ride a connection, where nothing else is configured. */
export const DEFAULT_IDLE_REUSE_MS = 1000

export const NO_EVIDENCE: ReuseEvidence = {
  provenOpen: false,
  shortestIdleCloseMs: Number.POSITIVE_INFINITY,
  announcedKeepAliveMs: undefined,
}

/**
 * @param idleMs since the last byte on the connection
 * @param safe the request is idempotent and its body replayable: a lost race with the upstream's close costs a retry
 * @param idleReuseMs upper limit of the idle age for a request that is not safe
 */
export function mayReuse(
  evidence: ReuseEvidence,
  idleMs: number,
  safe: boolean,
  idleReuseMs: number = DEFAULT_IDLE_REUSE_MS,
): boolean {
  if (evidence.announcedKeepAliveMs !== undefined && idleMs >= withMargin(evidence.announcedKeepAliveMs)) return false
  // A lost race costs a safe request one more attempt; never reusing would cost a new connection for each.
  if (safe) return true
  return evidence.provenOpen && idleMs < idleReuseMs && idleMs < withMargin(evidence.shortestIdleCloseMs)
}

/**
 * Whether the next request may follow on the connection, or what the server has not read, or sends besides, could be taken for a part of it.
 * Not asked where a client has logged in: that takes several requests, refused ones too, and nobody else follows there.
 * @param sent length of the request's body @param declared length of the answer's body, whether one comes or not
 */
export function staysInStep(method: string, sent: BodyLength, status: number, declared: BodyLength): boolean {
  // They have no body; one that announces it may come all the same.
  if (method === 'HEAD' || status === 204) return declared === NO_LENGTH || declared === 0
  if (sent === NO_LENGTH || sent === 0) return true
  // Not all servers read a chunked body to its end. Who refuses what he has not read closes the connection, or takes the rest for a request.
  return sent !== CHUNKED && status < 400
}

/**
 * Whether an idle connection that is not good enough for a request is closed before another is opened: a server with one worker for each
 * connection may have no other to spare. One that is too young to show whether the upstream keeps them stays, or that would never be known.
 */
export function givesWay({ provenOpen }: ReuseEvidence, idleMs: number): boolean {
  return provenOpen || idleMs >= PROVEN_OPEN_MS
}

/**
 * A connection was seen open (or served another request) after it had been idle for `idleMs`.
 * Each sighting clearly beyond the shortest known close contradicts it and doubles it: so an upstream that was restarted with
 * other settings, or that once closed a connection early, is trusted again after about ten sightings, while one that
 * always closes early gives none. Sightings below or about the shortest close say nothing against it: a true limit never decays.
 */
export function sawOpenAfter(evidence: ReuseEvidence, idleMs: number): ReuseEvidence {
  if (idleMs < PROVEN_OPEN_MS) return evidence
  const contradicted = withMargin(idleMs) > evidence.shortestIdleCloseMs
  if (evidence.provenOpen && !contradicted) return evidence
  const shortestIdleCloseMs = contradicted
    ? Math.max(evidence.shortestIdleCloseMs, 1) * 2
    : evidence.shortestIdleCloseMs
  return { ...evidence, provenOpen: true, shortestIdleCloseMs }
}

/** The upstream closed a connection that had been idle for `idleMs`, without `Connection: close` in its last response. */
export function sawIdleClose(evidence: ReuseEvidence, idleMs: number): ReuseEvidence {
  const provenOpen = evidence.provenOpen && idleMs >= PROVEN_OPEN_MS
  if (provenOpen === evidence.provenOpen && idleMs >= evidence.shortestIdleCloseMs) return evidence
  return { ...evidence, provenOpen, shortestIdleCloseMs: Math.min(evidence.shortestIdleCloseMs, idleMs) }
}

/** A request on a connection that had been idle for `idleMs` found it closed: the proof is void until it is given anew. */
export function sawStaleFailure(evidence: ReuseEvidence, idleMs: number): ReuseEvidence {
  return { ...evidence, provenOpen: false, shortestIdleCloseMs: Math.min(evidence.shortestIdleCloseMs, idleMs) }
}

/** A response announced how long its connection is kept, ms; undefined = it announced nothing. */
export function sawAnnouncement(evidence: ReuseEvidence, keepAliveMs: number | undefined): ReuseEvidence {
  return evidence.announcedKeepAliveMs === keepAliveMs ? evidence : { ...evidence, announcedKeepAliveMs: keepAliveMs }
}

/** `timeout=5, max=100` -> 5000; undefined where there is no usable timeout. */
export function parseKeepAlive(value: string): number | undefined {
  const match = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(value)
  return match === null ? undefined : Number(match[1]) * 1000
}

/** A fifth, but at least 100 ms: the close may be on its way while the request is. */
function withMargin(limitMs: number): number {
  return Math.min(limitMs * 0.8, limitMs - 100)
}
