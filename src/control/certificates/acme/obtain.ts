// One order, from its beginning to its certificate (RFC 8555 7.4, 7.5): what a step asks of the CA is in ca.ts, how long is waited for
// what in policy/certificates/order-tries.ts.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import acme from 'acme-client'
import type { AcmeChallenge } from '../../../plan/acme.ts'
import { nextLookMs, type Pending } from '../../../policy/certificates/order-tries.ts'
import { type CaProblem, challengeProblemIn } from '../../../policy/certificates/problem-document.ts'
import { type Authorization, type Ca, CaError, type Challenge, type Order } from './ca.ts'
import type { Offered } from './challenge-board.ts'
import type { KeyAndCertificate } from './x509.ts'

export interface ObtainOptions {
  readonly ca: Ca
  readonly name: string
  readonly challenge: AcmeChallenge
  /** The certificate that the new one follows, as RFC 9773 4.1 names it; undefined = none. */
  readonly replaces: string | undefined
  /** Resolves when whoever the CA may ask knows the answer, with what takes it back. */
  readonly offer: (offered: Offered) => Promise<() => void>
  readonly signal: AbortSignal
}

/** Rejects with a CaError, or with the signal's reason. */
export async function obtain(options: ObtainOptions): Promise<KeyAndCertificate> {
  const { ca, name } = options
  const placed = await place(options)
  if (placed.status === 'pending') await prove(placed, options)
  const ready = await waited(placed, ['ready', 'valid'], 'proof', options)
  const key = await acme.crypto.createPrivateEcdsaKey()
  const [, request] = await acme.crypto.createCsr({ altNames: [name] }, key)
  const finalized = await ca.finalize(ready, request)
  const valid = await waited(finalized, ['valid'], 'order', options)
  return checked({ key: key.toString(), cert: await ca.download(valid) }, name)
}

async function place({ ca, name, replaces }: ObtainOptions): Promise<Order> {
  try {
    return await ca.order(name, replaces)
  } catch (error) {
    // RFC 9773 5: a CA may not want to hear of the former certificate. That must not keep anybody from a new one.
    const isOfFormer = replaces !== undefined && error instanceof CaError && error.trouble === 'refused'
    if (!isOfFormer) throw error
    return ca.order(name, undefined)
  }
}

/** Shows the CA that the name leads here. */
async function prove(order: Order, options: ObtainOptions): Promise<void> {
  const { ca, name, challenge: type, offer } = options
  const authorization = await ca.authorization(order)
  if (authorization.status === 'valid') return
  const challenge = challengeOf(authorization, type)
  if (challenge === undefined) {
    const others = authorization.challenges.map(each => each.type).join(', ') || 'none'
    throw new CaError(`the CA offers no ${type} for ${name}, only: ${others}`, REFUSED)
  }
  if (!/^[\w-]{1,256}$/.test(challenge.token)) throw new CaError(`the token of the CA is not base64url`, REFUSED)
  const takeBack = await offer(await answerTo(challenge, authorization, options))
  try {
    if (challenge.status === 'pending') await ca.ready(challenge)
    await proven(order, options)
  } finally {
    takeBack()
  }
}

async function answerTo(challenge: Challenge, authorization: Authorization, { ca, name }: ObtainOptions) {
  const keyAuthorization = await ca.keyAuthorization(challenge)
  if (challenge.type === 'http-01') return { http: { name, token: challenge.token, keyAuthorization } }
  // For a tls-alpn-01 challenge acme-client gives what goes into the certificate, unhashed, too.
  const pair = await acme.crypto.createAlpnCertificate(
    authorization,
    keyAuthorization,
    await acme.crypto.createPrivateEcdsaKey(),
  )
  return { tls: { name, key: pair[0].toString(), cert: pair[1].toString() } }
}

async function proven(order: Order, options: ObtainOptions): Promise<void> {
  const { ca, challenge: type } = options
  await poll('proof', options, async () => {
    const authorization = await ca.authorization(order)
    const problem = challengeProblemIn(challengeOf(authorization, type)?.error)
    if (authorization.status === 'valid') return { is: 'done', value: undefined }
    if (authorization.status === 'pending') return { is: 'pending', why: problem }
    throw notProven(problem?.text ?? `the authorization is ${authorization.status}`, options)
  })
}

/** The order, once it has one of these states. */
function waited(
  placed: Order,
  states: readonly Order['status'][],
  what: Pending['what'],
  options: ObtainOptions,
): Promise<Order> {
  let order = placed
  let looks = 0
  return poll(what, options, async () => {
    if (looks > 0 && !states.includes(order.status)) order = { ...order, ...(await options.ca.look(order)) }
    looks += 1
    if (states.includes(order.status)) return { is: 'done', value: order }
    const problem = challengeProblemIn(order.error)
    if (order.status === 'invalid') throw new CaError(problem?.text ?? 'the order is invalid', REFUSED)
    return { is: 'pending', why: problem }
  })
}

type Look<T> =
  | { readonly is: 'done'; readonly value: T }
  | { readonly is: 'pending'; readonly why: CaProblem | undefined }

async function poll<T>(what: Pending['what'], options: ObtainOptions, look: () => Promise<Look<T>>): Promise<T> {
  const { ca, signal } = options
  const beganMs = performance.now()
  for (;;) {
    const found = await look()
    if (found.is === 'done') return found.value
    const sinceMs = performance.now() - beganMs
    const waitMs = nextLookMs({ what, sinceMs, retryAfterMs: ca.retryAfterMs })
    if (waitMs === 'give-up') {
      const text = `given up after ${Math.round(sinceMs / 60_000)} min in which the CA came to no end`
      throw notProven(found.why === undefined ? text : `${text}: ${found.why.text}`, options)
    }
    await pause(waitMs, undefined, { signal })
  }
}

function challengeOf(authorization: Authorization, type: AcmeChallenge): (Challenge & { token: string }) | undefined {
  return authorization.challenges.find(each => (each.type as string) === type)
}

function notProven(text: string, { challenge, name }: ObtainOptions): CaError {
  const where = challenge === 'http-01' ? `port 80 of ${name} (http-01)` : `port 443 of ${name} (tls-alpn-01)`
  return new CaError(`${text}; the CA asks on ${where}: it has to lead to a listener of vigia`, NOT_PROVEN)
}

/** Whatever it has signed: it goes to every client. */
function checked(pair: KeyAndCertificate, name: string): KeyAndCertificate {
  const wrong = wrongIn(pair, name)
  if (wrong !== undefined) throw new CaError(`the CA has sent ${wrong}`, REFUSED)
  return pair
}

function wrongIn({ key, cert }: KeyAndCertificate, name: string): string | undefined {
  let leaf: X509Certificate
  try {
    leaf = new X509Certificate(cert)
  } catch {
    return 'no certificate in PEM'
  }
  if (!leaf.checkPrivateKey(createPrivateKey(key))) return 'a certificate for another key'
  if (leaf.checkHost(name) === undefined) return `a certificate that is not for ${name}`
  return leaf.validToDate.getTime() <= Date.now() ? `a certificate that is over since ${leaf.validTo}` : undefined
}

const REFUSED = { trouble: 'refused', retryAfterMs: undefined } as const
const NOT_PROVEN = { trouble: 'not-proven', retryAfterMs: undefined } as const
