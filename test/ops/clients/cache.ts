// Chromium with routes that have a cache, over HTTP/2: `node test/ops/clients/cache.ts`. A page and its assets, loaded, loaded again (F5) and
// loaded anew (Ctrl+F5), by one user and another; then while no upstream is left. Outside of `npm test`: it needs Debian's chromium.

import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, type BrowserContext, launch, type Page } from 'puppeteer-core'
import { freePort } from '../../support/free-port.ts'
import { certificateFiles } from '../../support/tls-files.ts'
import { until } from '../../support/until.ts'
import { startVigia } from '../../support/vigia.ts'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const SHELL = `<!doctype html><title>ERP</title><link rel=icon href=data:,><link rel=stylesheet href=/assets/app.css>
<p id=shell>loading</p><img src=/assets/logo.svg><script src=/assets/app.js></script>`
const ASSETS: Readonly<Record<string, readonly [type: string, content: string]>> = {
  '/assets/app.css': ['text/css', `p { color: rgb(1, 2, 3) } /* ${'style '.repeat(3000)} */`],
  '/assets/app.js': [
    'text/javascript',
    `document.getElementById('shell').innerText = 'ready' // ${'code '.repeat(5000)}`,
  ],
  '/assets/logo.svg': [
    'image/svg+xml',
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  ],
}
const PATHS = ['/', ...Object.keys(ASSETS)]

/** What came of one path in one load. */
interface Came {
  readonly status: number
  readonly cacheStatus: string
  readonly fromBrowser: boolean
}

const step = (text: string) => console.log(`cache: ${text}`)
const cleanUp: (() => unknown)[] = []

/** What the node was asked, conditional requests by themselves. */
const asked: string[] = []
const node = createServer((request, response) => {
  const path = request.url ?? ''
  if (path === '/api') return void response.setHeader('cache-control', 'no-store').end('data')
  const [type, content] = ASSETS[path] ?? ['text/html', SHELL]
  const etag = `"v1-${path}"`
  const isKnown = request.headers['if-none-match'] === etag
  asked.push(`${path}${isKnown ? ' if changed' : ''}`)
  response.setHeader('etag', etag)
  if (path in ASSETS) response.setHeader('cache-control', 'public, max-age=600')
  if (isKnown) return void response.writeHead(304).end()
  response.setHeader('content-type', type).end(content)
})

async function run(): Promise<void> {
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => node.close())
  const [files] = await certificateFiles({ names: ['localhost'] })
  const { cert, certFile, keyFile } = files!
  const port = await freePort()
  const origin = `https://localhost:${port}`
  const vigia = await startVigia({
    upstreams: [(node.address() as AddressInfo).port],
    ownProcess: true,
    config: {
      listeners: [{ name: 'web', address: `127.0.0.1:${port}`, tls: { certificates: [{ certFile, keyFile }] } }],
      routes: [
        { name: 'api', match: { path: '/api' }, pool: 'erp' },
        { name: 'assets', match: { path: '/assets' }, pool: 'erp', cache: { staleIfError: '24h' } },
        { name: 'shell', pool: 'erp', cache: { ttl: '1m', staleIfError: '24h' } },
      ],
      compress: true,
      accessLog: true,
    },
  })
  cleanUp.push(() => vigia.stop())
  // Trusted by its key: of a page whose certificate is merely tolerated Chromium stores nothing.
  const trusted = `--ignore-certificate-errors-spki-list=${keyDigest(cert)}`
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', trusted]
  const browser = await launch({ executablePath: CHROMIUM, args })
  cleanUp.push(() => browser.close())

  const { page } = await user(browser)
  const first = await load(page, () => page.goto(origin, { waitUntil: 'load' }))
  assert.equal(await page.evaluate(`performance.getEntriesByType('navigation')[0].nextHopProtocol`), 'h2')
  assert.deepEqual(asked.splice(0).sort(), [...PATHS].sort())
  for (const path of PATHS) assert.match(first.get(path)!.cacheStatus, /fwd=uri-miss.*stored/, path)
  step('a first load asks the node for each file once')

  const again = await load(page, () => page.reload({ waitUntil: 'load' }))
  assert.deepEqual(asked.splice(0), ['/ if changed'])
  // Chromium tells of the 200 that it makes of it.
  await until('the access log has the 304', () => /"path":"\/","status":304/.test(vigia.stdout()))
  for (const path of Object.keys(ASSETS)) assert.ok(again.get(path)!.fromBrowser, path)
  step(`F5 asks for the page only, which is 304 all the way; ${again.get('/')!.cacheStatus}`)

  const anew = await load(page, () => page.reload({ waitUntil: 'load', ignoreCache: true }))
  assert.equal(asked.length, PATHS.length)
  assert.ok(asked.splice(0).every(each => each.endsWith(' if changed')))
  for (const path of PATHS) assert.equal(anew.get(path)!.status, 200, path)
  step(`Ctrl+F5 has all of them revalidated, and gets them as a whole; ${anew.get('/assets/app.js')!.cacheStatus}`)

  const other = await user(browser)
  const theirs = await load(other.page, () => other.page.goto(origin, { waitUntil: 'load' }))
  assert.deepEqual(asked.splice(0), [])
  for (const path of PATHS) assert.match(theirs.get(path)!.cacheStatus, /^vigia; hit/, path)
  step(`another user costs the node nothing; ${theirs.get('/')!.cacheStatus}`)

  node.close()
  node.closeAllConnections()
  const api = (of: Page) => of.evaluate(`fetch('/api').then(({ status }) => status)`)
  await until('nobody is left', async () => Number(await api(page)) >= 500)
  const late = await user(browser)
  const loads = {
    'a user who comes now': () => late.page.goto(origin, { waitUntil: 'load' }),
    F5: () => late.page.reload({ waitUntil: 'load' }),
    'Ctrl+F5': () => late.page.reload({ waitUntil: 'load', ignoreCache: true }),
  }
  for (const [what, how] of Object.entries(loads)) {
    const came = await load(late.page, how)
    assert.equal(await late.page.evaluate(`getComputedStyle(document.getElementById('shell')).color`), 'rgb(1, 2, 3)')
    step(
      `without a node, ${what}: the page and its files are there; ${came.get('/')!.status}, ${came.get('/')!.cacheStatus}`,
    )
  }
  assert.ok(Number(await api(late.page)) >= 500)
  step('all is well')
}

function keyDigest(cert: string): string {
  const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(key).digest('base64')
}

async function user(browser: Browser): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.createBrowserContext()
  return { context, page: await context.newPage() }
}

/** Resolves when the script of the page has run. */
async function load(page: Page, how: () => Promise<unknown>): Promise<Map<string, Came>> {
  const came = new Map<string, Came>()
  const note = (response: Awaited<ReturnType<Page['waitForResponse']>>) => {
    const { 'cache-status': cacheStatus = '' } = response.headers()
    const facts = { status: response.status(), cacheStatus, fromBrowser: response.fromCache() }
    came.set(new URL(response.url()).pathname, facts)
  }
  page.on('response', note)
  await how()
  await page.waitForFunction(`document.getElementById('shell')?.innerText === 'ready'`)
  page.off('response', note)
  return came
}

try {
  await run()
} finally {
  for (const each of cleanUp.reverse()) await each()
}
