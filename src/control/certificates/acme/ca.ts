// One account at one CA, over acme-client. Each call is one step of RFC 8555, once: no waits, no tries of its own but for a used nonce,
// everything bounded in time and bytes. What goes wrong comes out as a CaError. It is loaded with the first order only.

import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent } from 'node:https'
import acme, { type Authorization, type Order } from 'acme-client'
import type { AcmePlan } from '../../../plan/acme.ts'
import type { OrderFailure, OrderTrouble } from '../../../policy/certificates/order-tries.ts'
import { oneLine, problemIn, retryAfterMs } from '../../../policy/certificates/problem-document.ts'

export type { Authorization, Order }
export type Challenge = Authorization['challenges'][number]

export interface CaOptions {
  readonly plan: Pick<AcmePlan, 'directory' | 'eab' | 'ca'>
  /** PEM. */
  readonly accountKey: string
  /** URL of the account; undefined = it has yet to be made. */
  readonly accountUrl: string | undefined
  /** For the User-Agent (RFC 8555 6.1). */
  readonly version: string
  /** Ends every call. */
  readonly signal: AbortSignal
}

/** The message is one line of bounded length, whoever has written it. */
export class CaError extends Error implements OrderFailure {
  readonly trouble: OrderTrouble
  readonly retryAfterMs: number | undefined
  /** Of the problem (RFC 8555 6.7), e.g. `rateLimited`; '' = none. */
  readonly type: string

  constructor(message: string, { trouble, retryAfterMs, type = '' }: OrderFailure & { readonly type?: string }) {
    super(oneLine(message))
    this.trouble = trouble
    this.retryAfterMs = retryAfterMs
    this.type = type
  }
}

/** What the requests of one CA have in common: acme-client has one axios for all. */
interface Line {
  readonly agent: Agent
  readonly version: string
  readonly signal: AbortSignal
  /** Of the newest answer. */
  retryAfterMs: number | undefined
}

const CALL_WITHIN_MS = 30_000
const MOST_BYTES = 1024 * 1024
const lines = new AsyncLocalStorage<Line>()

export class Ca {
  readonly #options: CaOptions
  readonly #client: InstanceType<typeof acme.Client>
  readonly #line: Line

  constructor(options: CaOptions) {
    const { plan, accountKey, accountUrl, version, signal } = options
    this.#options = options
    this.#client = new acme.Client({
      directoryUrl: plan.directory,
      accountKey,
      ...(accountUrl === undefined ? {} : { accountUrl }),
      ...(plan.eab === undefined ? {} : { externalAccountBinding: { kid: plan.eab.keyId, hmacKey: plan.eab.hmacKey } }),
    })
    // HTTPS_PROXY and NO_PROXY count.
    const agent = new Agent({
      keepAlive: true,
      proxyEnv: process.env,
      ...(plan.ca && { ca: plan.ca }),
    })
    this.#line = { agent, version, signal, retryAfterMs: undefined }
  }

  /** What the newest answer asked for with Retry-After, ms; undefined = nothing. */
  get retryAfterMs(): number | undefined {
    return this.#line.retryAfterMs
  }

  /** Makes the account, or finds the one that its key has. Resolves with its URL. */
  register(email: string | undefined): Promise<string> {
    return this.#call(async () => {
      await this.#client.createAccount({
        termsOfServiceAgreed: true,
        ...(email === undefined ? {} : { contact: [`mailto:${email}`] }),
      })
      return this.#client.getAccountUrl()
    })
  }

  /** @param replaces the certificate that the new one follows (RFC 9773 5); undefined = none */
  order(name: string, replaces: string | undefined): Promise<Order> {
    const request = { identifiers: [{ type: 'dns', value: name }], ...(replaces === undefined ? {} : { replaces }) }
    return this.#call(() => this.#client.createOrder(request))
  }

  authorization(order: Order): Promise<Authorization> {
    return this.#call(async () => {
      const [first] = await this.#client.getAuthorizations(order)
      if (first === undefined) throw new CaError('the order has no authorization', REFUSED)
      return first
    })
  }

  keyAuthorization(challenge: Challenge): Promise<string> {
    return this.#call(() => this.#client.getChallengeKeyAuthorization(challenge))
  }

  /** Tells the CA that it may look. */
  async ready(challenge: Challenge): Promise<void> {
    await this.#call(() => this.#client.completeChallenge(challenge))
  }

  look(order: Order): Promise<Order> {
    return this.#call(() => this.#client.getOrder(order))
  }

  /** @param request PEM of the CSR */
  finalize(order: Order, request: Buffer): Promise<Order> {
    return this.#call(() => this.#client.finalizeOrder(order, request))
  }

  /** PEM, the chain behind it. */
  download(order: Order): Promise<string> {
    return this.#call(() => this.#client.getCertificate(order))
  }

  /** Whether it says when to renew (RFC 9773). */
  knowsRenewals(): Promise<boolean> {
    return this.#call(async () => (await this.#renewals()) !== undefined)
  }

  /** What it says of the renewal of a certificate (RFC 9773 4.1), as JSON says it. */
  renewalInfo(id: string): Promise<unknown> {
    return this.#call(async () => get(`${await this.#renewals()}/${id}`))
  }

  async #renewals(): Promise<string | undefined> {
    const { renewalInfo } = ((await get(this.#options.plan.directory)) ?? {}) as { readonly renewalInfo?: unknown }
    return typeof renewalInfo === 'string' ? renewalInfo : undefined
  }

  close(): void {
    this.#line.agent.destroy()
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await lines.run(this.#line, work)
    } catch (error) {
      if (error instanceof CaError) throw error
      // What acme-client makes of an answer that it can't read.
      throw new CaError(error instanceof Error ? error.message : String(error), AWAY)
    }
  }
}

const REFUSED = { trouble: 'refused', retryAfterMs: undefined } as const
const AWAY = { trouble: 'unreachable', retryAfterMs: undefined } as const

async function get(url: string): Promise<unknown> {
  const { data } = await acme.axios.get(url, { validateStatus: null })
  return data
}

// In the place of acme-client's own, which wait and ask again by themselves, and lose why a connection failed.
acme.axios.interceptors.request.clear()
acme.axios.interceptors.response.clear()

acme.axios.interceptors.request.use(request => {
  const { agent, signal, version } = lines.getStore()!
  const url = String(request.url)
  // RFC 8555 6.1.
  if (!url.startsWith('https://')) throw new CaError(`the CA names an address that is not https: ${url}`, REFUSED)
  request.headers.set('User-Agent', `vigia/${version}`)
  return Object.assign(request, {
    httpsAgent: agent,
    proxy: false,
    maxRedirects: 0,
    maxContentLength: MOST_BYTES,
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_WITHIN_MS)]),
  })
})

acme.axios.interceptors.response.use(
  response => {
    const line = lines.getStore()!
    line.retryAfterMs = retryAfterMs(response.headers['retry-after'], Date.now())
    const { status, data } = response
    if (status < 300) return response
    const { type, trouble, text } = problemIn({ status, body: data })
    // acme-client asks again with another nonce.
    if (type === 'badNonce') return response
    throw new CaError(text, { type, trouble, retryAfterMs: line.retryAfterMs })
  },
  (error: unknown) => {
    throw error instanceof CaError ? error : new CaError(whyUnreachable(error), AWAY)
  },
)

function whyUnreachable(error: unknown): string {
  const { message, code, config, cause } = error as NodeJS.ErrnoException & {
    readonly config?: { readonly url?: string }
  }
  const host = URL.parse(config?.url ?? '')?.host ?? 'the CA'
  if (code === 'ERR_CANCELED') return `${host} did not answer within ${CALL_WITHIN_MS / 1000} s`
  const why = message || code || (cause instanceof Error ? cause.message : 'the connection failed')
  return `${host} can't be reached: ${why}${isUnknownAuthority(code) ? ' (acme.caFile names the authority of a CA of your own)' : ''}`
}

function isUnknownAuthority(code: string | undefined): boolean {
  return code !== undefined && /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)/.test(code)
}
