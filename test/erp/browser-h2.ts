// Tryton's web client (sao) in Chromium over HTTPS and HTTP/2: the user logs in by its form, looks at a list, and edits what he finds there.
// Needs a Tryton node that is up, see README.md; ends with 0 where all is well.

import assert from 'node:assert/strict'
import { launch, type Page } from 'puppeteer-core'
import { freePort } from '../support/free-port.ts'
import { certificateFiles } from '../support/tls-files.ts'
import { until } from '../support/until.ts'
import { startVigia } from '../support/vigia.ts'
import { CHROMIUM, callNode, logIn, NODE, PASSWORD } from './tryton.ts'

const PARTY = `Secure ${Date.now()}`
const EDITED = `${PARTY}, edited`
/** The ERP, and the machine, may be busy. */
const PATIENCE_MS = 120_000

const step = (text: string) => console.log(`browser: ${text}`)
const cleanUp: (() => unknown)[] = []

async function run(): Promise<void> {
  const { session } = await logIn()
  const [id] = (await callNode('model.party.party.create', [[{ name: PARTY }], {}], session)) as [number]
  const [files] = await certificateFiles({ names: ['localhost'] })
  const { certFile, keyFile } = files!
  const port = await freePort()
  const vigia = await startVigia({
    ownProcess: true,
    config: {
      listeners: [{ name: 'web', address: `127.0.0.1:${port}`, tls: { certificates: [{ certFile, keyFile }] } }],
      pools: { erp: { application: 'tryton', health: 'off', upstreams: [{ name: 'erp-1', url: NODE }] } },
      routes: [{ name: 'erp', pool: 'erp' }],
      compress: true,
      accessLog: true,
    },
  })
  cleanUp.push(() => vigia.stop())
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
  const browser = await launch({ executablePath: CHROMIUM, acceptInsecureCerts: true, args })
  cleanUp.push(() => browser.close())
  const page = await browser.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.setViewport({ width: 1280, height: 900 })
  await page.goto(`https://localhost:${port}/`)
  await page.waitForFunction(`document.querySelector('input#database')?.value`)
  await page.type('#login', 'admin')
  await page.click('button[type=submit]')
  await page.waitForSelector('#ask-dialog-entry', { visible: true })
  await page.type('#ask-dialog-entry', PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForFunction(`Sao.Session.current_session?.session && Sao.main_menu_screen`)
  step('logged in by the form')

  await page.evaluate(
    `void Sao.Tab.create({ model: 'party.party', mode: ['tree', 'form'], domain: [['id', '=', ${id}]] })`,
  )
  await page.waitForFunction(`[...document.querySelectorAll('table.tree tbody tr')].some(row => ${shows(PARTY)})`)
  step('a list shows the party')

  await editName(page)
  const read = async () =>
    (await callNode('model.party.party.read', [[id], ['name'], {}], session)) as [{ name: string }]
  await until('the node has the new name', async () => (await read())[0].name === EDITED, { timeoutMs: PATIENCE_MS })
  step('its name was edited in the form, and saved')

  const entries = `performance.getEntries().filter(each => each.nextHopProtocol).map(each => each.nextHopProtocol)`
  const protocols = (await page.evaluate(entries)) as string[]
  assert.deepEqual([...new Set(protocols)], ['h2'])
  const lines = vigia
    .stdout()
    .split('\n')
    .filter(line => line.includes('"type":"access"'))
  const access = lines.map(line => JSON.parse(line) as { protocol: string; method: string; status: number })
  // trytond answers 405 for a file that it does not have.
  assert.ok(access.every(({ protocol, status }) => protocol === 'HTTP/2' && status < 500))
  const calls = access.filter(({ method }) => method === 'POST').length
  step(`all of it was HTTP/2: ${access.length} requests, ${calls} of them calls`)
}

/** What a row of the list says, inputs included. */
function shows(text: string): string {
  return `(row.innerText + [...row.querySelectorAll('input')].map(input => input.value)).includes('${text}')`
}

async function editName(page: Page): Promise<void> {
  await page.evaluate(
    `[...document.querySelectorAll('table.tree tbody tr')].find(row => ${shows(PARTY)}).querySelectorAll('td')[1].click()`,
  )
  await page.evaluate(`void Sao.Tab.tabs.at(-1).switch_()`)
  const isName = `input => input.offsetParent && input.value === '${PARTY}'`
  await page.waitForFunction(`[...document.querySelectorAll('.form input')].some(${isName})`)
  const name = await page.evaluateHandle(`[...document.querySelectorAll('.form input')].find(${isName})`)
  const input = name.asElement() as Awaited<ReturnType<Page['$']>>
  await input!.focus()
  await page.keyboard.press('End')
  await page.keyboard.type(EDITED.slice(PARTY.length))
  await page.keyboard.press('Tab')
  await page.evaluate(`void Sao.Tab.tabs.at(-1).save()`)
}

try {
  await run()
} finally {
  for (const each of cleanUp.reverse()) await each()
}
