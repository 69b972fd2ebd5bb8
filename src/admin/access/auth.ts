// Who may ask for what on the admin listener, in front of every route: bearer tokens with nested roles, where the configuration has
// tokens. Without tokens this machine may read everything; who may change something then is decided by request-guard.ts.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AdminTokenPlan } from '../../plan/admin.ts'
import { sendProblem } from '../answers/problem.ts'
import { FailedLogins } from './failed-logins.ts'
import { foreignName } from './request-guard.ts'
import { mayAct, type Principal, type Role, TokenTable } from './tokens.ts'

export type { Principal } from './tokens.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose token the request shows; undefined = there are no tokens. */
    principal: Principal | undefined
  }
  interface FastifyContextConfig {
    /** Who may use the route, `anyone` = without a token. Default: see neededRole. */
    role?: Role | 'anyone'
    /** The token may stand in the query as `token`: for programs that send no headers. Nothing may log that query. */
    queryToken?: boolean
  }
}

export interface AccessOptions {
  readonly onFailure?: (address: string, why: string) => void
  /** Epoch ms. */
  readonly now?: () => number
}

interface Refusal {
  readonly status: 401 | 403 | 429
  readonly detail: string
  readonly retryAfterS?: number
}

/** RFC 6750 2.1. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]{1,512}=*)$/i
const REALM = 'Bearer realm="vigia"'

/** The tokens in use, and who has failed to show one. Outlives a reload. */
export class AdminAccess {
  readonly #failed = new FailedLogins()
  readonly #onFailure: (address: string, why: string) => void
  readonly #now: () => number
  #tokens = new TokenTable([])

  constructor({ onFailure = () => {}, now = Date.now }: AccessOptions = {}) {
    this.#onFailure = onFailure
    this.#now = now
  }

  use(plans: readonly AdminTokenPlan[]): void {
    this.#tokens = new TokenTable(plans, this.#tokens)
  }

  /** Nobody needs a token. */
  get isOpen(): boolean {
    return this.#tokens.isEmpty
  }

  /** Requests without a right token, since the start. */
  get failures(): number {
    return this.#failed.total
  }

  /** Whether a stream that was opened in that name may go on. */
  stillKnows(principal: Principal | undefined): boolean {
    return principal === undefined ? this.isOpen : this.#tokens.has(principal)
  }

  /** @param token undefined = none was shown */
  admit(address: string, token: string | undefined, needed: Role): Principal | Refusal {
    const now = this.#now()
    const waitS = this.#failed.waitS(address, now)
    const found = token === undefined ? undefined : this.#tokens.find(token)
    if (found !== undefined && (waitS === 0 || this.#failed.mayPass(address, found.name))) {
      this.#failed.succeeded(address, found.name)
      if (mayAct(found.role, needed)) return found
      const detail = `the token ${found.name} has the role ${found.role}, and this needs ${needed}`
      return { status: 403, detail }
    }
    const why = token === undefined ? 'no token' : 'a token that is not known'
    if (waitS === 0) this.#onFailure(address, why)
    this.#failed.failed(address, now)
    if (waitS > 0) {
      const detail = `too many requests without a right token from this address; wait ${waitS} s`
      return { status: 429, detail, retryAfterS: waitS }
    }
    const detail =
      token === undefined
        ? 'this needs a token: Authorization: Bearer TOKEN (vigia: --token-file FILE, or VIGIA_TOKEN)'
        : 'the token is not known here'
    return { status: 401, detail }
  }
}

/** To be called before any route is added. */
export function guardAccess(app: FastifyInstance, access = new AdminAccess()): void {
  app.decorateRequest('principal', undefined)
  app.addHook('onRequest', async (request, reply) => {
    const needed = neededRole(request.method, request.routeOptions)
    if (needed === 'anyone') return
    if (access.isOpen) {
      const foreign = foreignName(request.headers.host)
      return foreign === undefined ? undefined : sendProblem(reply, 403, foreign)
    }
    const admitted = access.admit(request.ip, tokenOf(request), needed)
    if (!('status' in admitted)) {
      request.principal = admitted
      return
    }
    const { status, detail, retryAfterS } = admitted
    if (status !== 403)
      reply.header(
        'www-authenticate',
        status === 401 && tokenOf(request) !== undefined ? `${REALM}, error="invalid_token"` : REALM,
      )
    if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS))
    return sendProblem(reply, status, detail)
  })
  app.addHook('preHandler', async request => {
    const { principal, body } = request
    // Whoever shows a token speaks in its name, whatever the request says.
    if (principal !== undefined && typeof body === 'object' && body !== null)
      (body as { by?: string }).by = principal.name
  })
}

/** Who may use a route. What changes the configuration itself is for admins, also where the route does not say so. */
export function neededRole(
  method: string,
  {
    url = '',
    config,
  }: { readonly url?: string | undefined; readonly config?: { readonly role?: Role | 'anyone' } | undefined },
): Role | 'anyone' {
  if (config?.role !== undefined) return config.role
  if (method === 'GET' || method === 'HEAD') return 'read'
  return url.startsWith('/config') ? 'admin' : 'operate'
}

/** In whose name a change is made. @param by what the request says of itself; counts only where there are no tokens */
export function authorOf({ principal, ip }: Pick<FastifyRequest, 'principal' | 'ip'>, by: string | undefined): string {
  return principal?.name ?? by ?? `admin API, ${ip}`
}

function tokenOf({ headers, query, routeOptions }: FastifyRequest): string | undefined {
  const shown = BEARER.exec(headers.authorization ?? '')?.[1]
  if (shown !== undefined || routeOptions.config?.queryToken !== true) return shown ?? malformed(headers.authorization)
  const { token } = query as { token?: unknown }
  return typeof token === 'string' ? token : undefined
}

/** Something was shown that is no bearer token: it counts as a wrong one. */
function malformed(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : ''
}
