// What the user of Tryton's web client (sao) sees in Chromium when vigia answers: a request in doubt, and a window. Needs a Tryton node that
// is up, see README.md; ends with 0 where all is well.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { launch } from 'puppeteer-core'
import { until } from '../support/until.ts'
import { startVigia } from '../support/vigia.ts'
import { CHROMIUM, callNode, DATABASE, logIn, NODE } from './tryton.ts'

/** The party that the user makes. */
const PARTY = `Browser ${Date.now()}`

const step = (text: string) => console.log(`browser: ${text}`)
const cleanUp: (() => unknown)[] = []

/** Stands for the node: while `breaksOff`, what it is asked is carried out, and nobody learns of it. */
let breaksOff = false
const node = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { authorization, 'content-type': type } = request.headers
  const answer = await fetch(`${NODE}${request.url}`, {
    method: request.method!,
    headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
    ...(request.method === 'POST' && { body: Buffer.concat(chunks) }),
  })
  const body = Buffer.from(await answer.arrayBuffer())
  if (breaksOff && request.method === 'POST') return request.socket.destroy()
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' }).end(body)
})

async function run(): Promise<void> {
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => node.close())
  const vigia = await startVigia({
    upstreams: [(node.address() as AddressInfo).port],
    pool: { application: 'tryton', outlier: 'off' },
    config: { routes: [{ name: 'erp', pool: 'erp' }] },
    ownProcess: true,
  })
  cleanUp.push(() => vigia.stop())
  const { user, key, session } = await logIn()

  const browser = await launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  cleanUp.push(() => browser.close())
  const page = await browser.newPage()
  await page.setExtraHTTPHeaders({ 'Accept-Language': 'pt-BR,pt;q=0.9' })
  await page.goto(`http://127.0.0.1:${vigia.port}/`)
  await page.waitForFunction('typeof Sao !== "undefined" && Sao.rpc !== undefined')
  // Logged in as the client does it, but without its form.
  await page.evaluate(`
    window.session = new Sao.Session('${DATABASE}', 'admin')
    session.user_id = ${user}
    session.session = '${key}'
    window.ask = (method, params) => {
      window.outcome = 'waits'
      Sao.rpc({ method, params }, session).then(() => { window.outcome = 'done' }, () => { window.outcome = 'failed' })
    }`)
  const ask = (method: string, params: string) => page.evaluate(`ask('${method}', ${params})`)
  /** What its dialog says; closes it, and waits until the call has failed. */
  const dialog = async (): Promise<string> => {
    await page.waitForSelector('.error-dialog pre', { visible: true })
    const text = (await page.evaluate(`document.querySelector('.error-dialog pre').innerText`)) as string
    await page.evaluate(`document.querySelector('.error-dialog .modal-footer button').click()`)
    await page.waitForFunction(`outcome !== 'waits'`)
    assert.equal(await page.evaluate('outcome'), 'failed')
    return text
  }

  await ask('model.res.user.read', `[[${user}], ['name'], {}]`)
  await page.waitForFunction(`outcome === 'done'`)
  step('sao reads through vigia')

  breaksOff = true
  await ask('model.party.party.create', `[[{ name: '${PARTY}' }], {}]`)
  assert.equal(await dialog(), 'Resultado desconhecido: verifique antes de repetir')
  breaksOff = false
  const count = await callNode('model.party.party.search_count', [[['name', '=', PARTY]], {}], session)
  assert.equal(count, 1)
  step('a party whose answer is lost: sao says that its outcome is unknown; it exists once')

  const begin = new Date(Date.now() - 60_000).toISOString().slice(0, 19)
  const window = { name: 'patching', route: 'erp', start: begin, duration: '1h', timeZone: 'UTC' }
  const made = await fetch(`http://127.0.0.1:${vigia.adminPort}/maintenance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(window),
  })
  assert.ok(made.ok, await made.text())
  const status = async () => (await fetch(`http://127.0.0.1:${vigia.port}/`)).status
  await until('the window begins', async () => (await status()) === 503)
  await ask('model.res.user.read', `[[${user}], ['name'], {}]`)
  assert.match(await dialog(), /^Manutencao ate \d\d:\d\d$/)
  const icon = `fetch('images/tryton-error.svg', { cache: 'no-store' }).then(({ status }) => status)`
  assert.equal(await page.evaluate(icon), 200)
  step('a window: sao says until when, and the icon of its dialog passes')
}

try {
  await run()
} finally {
  for (const each of cleanUp.reverse()) await each()
}
