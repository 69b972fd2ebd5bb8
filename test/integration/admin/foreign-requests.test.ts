// What a page in somebody's browser could send to the admin listener, and what a configuration that comes over it may not name; over real
// sockets, on every route that there is. One vigia, without tokens: whoever reaches it would be let in.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { freePort } from '../../support/free-port.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

let folder: string
let vigia: Vigia
let routes: readonly (readonly [method: string, path: string])[]
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-foreign-'))
  vigia = await startVigia({ upstreams: [await freePort()], config: { admin: { files: [folder] } } })
  const { paths } = JSON.parse((await fetchText(vigia.adminPort, '/openapi.json')).body) as {
    paths: Record<string, Record<string, unknown>>
  }
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => [method.toUpperCase(), path.replace(/\{[^}]+\}/g, '1')] as const),
  )
})
afterAll(async () => {
  await vigia?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function ask(method: string, path: string, headers: Record<string, string>, body = '{}') {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const length = method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const sentHeaders = { ...length, ...headers }
    const options = { host: '127.0.0.1', port: vigia.adminPort, method, path, agent: false, headers: sentHeaders }
    const sent = request(options, answer => {
      let text = ''
      // A stream of events would never end.
      if (String(answer.headers['content-type']).startsWith('text/event-stream')) answer.destroy()
      answer.setEncoding('utf8').on('data', piece => {
        text += piece
      })
      answer.on('close', () => resolve({ status: answer.statusCode!, headers: answer.headers, text }))
    })
    sent.on('error', reject)
    sent.end(method === 'GET' ? undefined : body)
  })
}

const JSON_BODY = { 'content-type': 'application/json' }
/** Probes of orchestrators come under any name, and say nothing but whether vigia serves. */
const FOR_ANYONE = ['/healthz', '/readyz']

test('a name that was pointed at this machine (DNS rebinding) gets nothing on any route', async () => {
  expect(routes.length).toBeGreaterThan(20)
  for (const [method, path] of routes) {
    if (FOR_ANYONE.includes(path)) continue
    const { status, text } = await ask(method, path, { ...JSON_BODY, host: 'rebound.example' })
    expect([status, text], `${method} ${path}`).toEqual([403, expect.stringContaining('Host is an IP address')])
  }
})

test('a page of another site changes nothing, and reads nothing', async () => {
  for (const [method, path] of routes) {
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const answer = await ask(method, path, { ...JSON_BODY, ...headers })
      if (method !== 'GET') expect(answer.status, `${method} ${path}`).toBe(403)
      // Without this the browser keeps the answer from the page.
      expect(answer.headers['access-control-allow-origin'], `${method} ${path}`).toBeUndefined()
    }
    // What a form can send without asking first.
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    if (method !== 'GET') expect((await ask(method, path, form)).status, `${method} ${path}`).toBe(415)
  }
})

test('a configuration that comes over the API writes where it may, and nowhere else', async () => {
  const apply = (path: string) => {
    const document = {
      listeners: [{ name: 'web', address: `127.0.0.1:${vigia.port}` }],
      routes: [{ pool: 'erp' }],
      pools: { erp: { health: 'off', upstreams: [{ name: 'erp-1', url: 'http://127.0.0.1:1' }] } },
      admin: { address: `127.0.0.1:${vigia.adminPort}`, files: [folder] },
      accessLog: { path },
    }
    return ask('POST', '/config/apply', JSON_BODY, JSON.stringify({ text: stringify(document), reason: 'a test' }))
  }
  const elsewhere = join(tmpdir(), `vigia-elsewhere-${vigia.adminPort}.log`)
  const refused = await apply(elsewhere)
  expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('may not be named over the admin API')])
  expect((await apply(join(folder, 'access.log'))).status).toBe(200)
  await ask('GET', '/status', {})
  expect([existsSync(elsewhere), existsSync(join(folder, 'access.log'))]).toEqual([false, true])
})
