// Health and trouble of the sample ERP: the endpoint that the balancer probes, and the switches that make a node fail or crash.

import { readFileSync } from 'node:fs'
import type { Exchange, Route } from './context.ts'
import { json, Problem, text } from './respond.ts'

const PAGE = readFileSync(new URL('./page.html', import.meta.url), 'utf8')

export const steeringRoutes: readonly Route[] = [
  { method: 'GET', path: /^\/$/, handle: ({ response }) => text(response, 200, PAGE, 'text/html') },
  { method: 'GET', path: /^\/whoami$/, handle: ({ response, node }) => text(response, 200, `${node.name}\n`) },
  { method: 'GET', path: /^\/health$/, handle: health },
  { method: 'GET', path: /^\/demo\/nodes$/, handle: nodes },
  { method: 'POST', path: /^\/health\/(fail|ok)$/, handle: switchHealth },
  { method: 'POST', path: /^\/demo\/crash$/, handle: crash },
  { method: 'GET', path: /^\/events$/, handle: ({ response, live }) => live.stream(response) },
]

/** Honest: a node that can't reach its database is not healthy, however well its web server answers. */
async function health({ response, node, parent, health: { passing } }: Exchange): Promise<void> {
  const database = await parent.ping().then(
    () => true,
    () => false,
  )
  const state = passing ? 'ok' : 'told to fail'
  json(response, passing && database ? 200 : 503, { node: node.name, state, database: database ? 'ok' : 'lost' })
}

async function nodes({ response, node, parent }: Exchange): Promise<void> {
  json(response, 200, { answeredBy: node.name, nodes: await parent.nodes() })
}

/** `?node=erp-2` steers that node, whichever one the balancer picked for this request; without it, this node. */
async function switchHealth(exchange: Exchange): Promise<void> {
  const { params, url, response, node, parent, setHealth } = exchange
  const name = steered(exchange)
  const passing = params[0] === 'ok'
  if (url.searchParams.has('node')) await orProblem(parent.setHealth(name, passing), name)
  else setHealth(passing)
  json(response, 200, { node: name, health: passing ? 'ok' : 'fails', steeredBy: node.name })
}

async function crash(exchange: Exchange): Promise<void> {
  const name = steered(exchange)
  await orProblem(exchange.parent.crash(name), name)
  json(exchange.response, 200, { node: name, killed: true, steeredBy: exchange.node.name })
}

function steered({ request, url, node }: Exchange): string {
  // No other site may crash nodes through a visitor's browser.
  if (request.headers['sec-fetch-site'] === 'cross-site') throw new Problem(403, 'not from another site')
  return url.searchParams.get('node') ?? node.name
}

async function orProblem(done: Promise<boolean>, name: string): Promise<void> {
  if (!(await done)) throw new Problem(409, `there is no running node ${name}`)
}
