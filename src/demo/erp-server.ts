// The HTTP server of one sample node: finds the route of a request and lets it answer. No business of its own.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Context, Route } from './context.ts'
import { fileRoutes } from './files.ts'
import { orderRoutes } from './orders.ts'
import { fail, Problem } from './respond.ts'
import { sessionRoutes } from './sessions.ts'
import { steeringRoutes } from './steering.ts'

const ROUTES: readonly Route[] = [...steeringRoutes, ...orderRoutes, ...sessionRoutes, ...fileRoutes]

export function erpServer(context: Context): Server {
  const server = createServer((request, response) => {
    answer(context, request, response).catch(error => fail(request, response, error))
  })
  server.on('upgrade', (request, socket, head) => context.live.upgrade(request, socket, head))
  return server
}

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('x-erp-node', context.node.name)
  const url = URL.parse(request.url ?? '/', 'http://erp.invalid')
  if (url === null) throw new Problem(400, 'this is no path')
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const here = ROUTES.filter(route => route.path.test(url.pathname))
  const route = here.find(each => each.method === method)
  if (route === undefined) {
    if (here.length === 0) throw new Problem(404, `there is nothing at ${url.pathname}`)
    response.setHeader('allow', [...new Set(here.map(each => each.method))].join(', '))
    throw new Problem(405, `${url.pathname} does not take ${request.method}`)
  }
  const params = route.path.exec(url.pathname)!.slice(1)
  await route.handle({ ...context, request, response, url, params })
}
