// GET /openapi.json: describes the routes from their own schemas. What all routes have in common (problems, the token, the role) is added
// here, so that no route has to say it.

import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import { neededRole } from '../access/auth.ts'
import { PROBLEM, PROBLEM_REPLY } from './schema-blocks.ts'

const DESCRIPTION = `What an operator may read of a running vigia, and ask of it. Answers may get more keys at any time.
Where the configuration has tokens, each request but those for /healthz and /readyz needs one; roles are nested: read, operate, admin.
Where it has none, everything may be read, and changes are taken only where the admin listener is bound to this machine.
Requests of browsers for a page of another site never change anything.`

/** Statuses with a problem as their body that any route may answer. */
const PROBLEMS = {
  always: [429, 500, 503],
  withToken: [401, 403],
  withBody: [400, 403, 409, 413, 415],
  withName: [404],
}

/** To be called before the plugin that adds the routes: it describes what is registered after it. */
export function describeApi(app: FastifyInstance): void {
  app.addSchema(PROBLEM)
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'vigia admin API', version: '', description: DESCRIPTION },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          queryToken: { type: 'apiKey', in: 'query', name: 'token' },
        },
      },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, i) => (typeof json.$id === 'string' ? json.$id : `def-${i}`),
    },
    transform: ({ schema, url, route }) => ({ schema: complete(schema, url, route), url }),
  })
}

/** To be called where the other routes are added, after describeApi. */
export function serveOpenApi(app: FastifyInstance, version: () => string): void {
  const schema = { summary: 'This description', tags: ['vigia'], response: { 200: { type: 'object' } } }
  app.get('/openapi.json', { schema }, async () => {
    const document = app.swagger()
    return { ...document, info: { ...document.info, version: version() } }
  })
}

function complete(
  schema: FastifySchema | undefined,
  url: string,
  { config = {}, method }: RouteOptions,
): FastifySchema {
  // Several methods at once are those that a path does not have: they say so (405).
  if (Array.isArray(method) && method.length > 1) return { ...schema, hide: true }
  const verb = String(method)
  const isRead = verb === 'GET'
  const role = neededRole(verb, { url, config })
  const statuses = [
    ...PROBLEMS.always,
    ...(role === 'anyone' ? [] : PROBLEMS.withToken),
    ...(isRead ? [] : PROBLEMS.withBody),
    ...(isRead && (schema?.querystring ?? schema?.params) !== undefined ? [400] : []),
    ...(url.includes(':') ? PROBLEMS.withName : []),
  ].sort((a, b) => a - b)
  const own = (schema?.response ?? { 200: { description: 'Done.', type: 'object' } }) as Record<string, unknown>
  const security = [{ token: [] }, ...(config.queryToken === true ? [{ queryToken: [] }] : [])]
  return {
    ...schema,
    operationId: schema?.operationId ?? nameOf(verb, url),
    description: [schema?.description, role === 'anyone' ? 'Needs no token.' : `Role: ${role}.`]
      .filter(Boolean)
      .join(' '),
    security: role === 'anyone' ? [] : security,
    response: { ...Object.fromEntries(statuses.map(status => [status, PROBLEM_REPLY])), ...own },
  }
}

/** `POST /pools/:pool/drain` is `postPoolsPoolDrain`. */
function nameOf(method: string, url: string): string {
  const words = url.split(/[^A-Za-z0-9]+/).filter(word => word !== '')
  return method.toLowerCase() + words.map(word => word[0]!.toUpperCase() + word.slice(1)).join('')
}
