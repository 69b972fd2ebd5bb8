// In front of every route: takes the bearer token out of a request, and asks whether its role is enough for the route. Where the configuration
// has no tokens, everything may be read; who may change something, with tokens or without, is decided by request-guard.ts.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sendProblem } from '../answers/problem.ts'
import { AdminAccess } from './admin-access.ts'
import { foreignName } from './request-guard.ts'
import type { Principal, Role } from './tokens.ts'

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

/** RFC 6750 2.1. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]{1,512}=*)$/i
const REALM = 'Bearer realm="vigia"'

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
    // Whoever shows a token speaks in its name, whatever name the body gives.
    if (principal !== undefined && typeof body === 'object' && body !== null)
      (body as { by?: string }).by = principal.name
  })
}

/**
 * Who may use a route. Where it does not say so: what changes the configuration itself is for admins, since a configuration may have vigia
 * read files, and send traffic anywhere.
 */
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
