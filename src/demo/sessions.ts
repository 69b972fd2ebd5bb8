// Login, logout and "who am I" of the sample ERP: a session cookie that every node understands.

import type { Exchange, Route } from './context.ts'
import { json, Problem, readFields } from './respond.ts'

const COOKIE = 'erp_session'
const PASSWORD = 'demo'

export const sessionRoutes: readonly Route[] = [
  { method: 'POST', path: /^\/login$/, handle: login },
  { method: 'POST', path: /^\/logout$/, handle: logout },
  { method: 'GET', path: /^\/me$/, handle: me },
]

async function login({ request, response, parent, node }: Exchange): Promise<void> {
  const { user, password } = await readFields(request, 4096)
  if (typeof user !== 'string' || user === '' || user.length > 100 || password !== PASSWORD) {
    throw new Problem(401, `wrong user or password (any user, password "${PASSWORD}")`)
  }
  const id = await parent.login(user, node.name)
  response.setHeader('set-cookie', `${COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax`)
  json(response, 200, { user, loggedInOn: node.name })
}

async function me({ request, response, parent, node }: Exchange): Promise<void> {
  const id = sessionId(request.headers.cookie)
  const session = id === undefined ? undefined : await parent.session(id)
  if (session === undefined) throw new Problem(401, 'nobody is logged in: POST /login first')
  json(response, 200, { ...session, answeredBy: node.name })
}

async function logout({ request, response, parent }: Exchange): Promise<void> {
  const id = sessionId(request.headers.cookie)
  if (id !== undefined) await parent.logout(id)
  response.setHeader('set-cookie', `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`)
  response.writeHead(204).end()
}

function sessionId(cookies: string | undefined): string | undefined {
  const start = `${COOKIE}=`
  for (const pair of cookies?.split(';') ?? []) {
    const trimmed = pair.trim()
    if (trimmed.startsWith(start)) return trimmed.slice(start.length)
  }
  return undefined
}
