// Maintenance windows on a real vigia, from the order to what a user meets: drain, page, bypass, early end, freeze, reload, calendar.

import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { WindowReport } from '../../../src/admin/contract/maintenance.ts'
import { vigiaCommand } from '../../support/command.ts'
import { askHttp } from '../../support/http-client.ts'
import { type HttpUpstream, startHttpUpstream } from '../../support/http-upstream.ts'
import { IN_TIME, until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

const SECRET = 'let-me-see-the-release'
const FREEZE = 'quarter close'

let nodes: HttpUpstream[] = []
let sockets: WebSocketServer
let vigia: Vigia
/** Tunnels end spread over some seconds: the last test looks. */
let tunnelEnd: Promise<number>

beforeAll(async () => {
  nodes = await Promise.all([1, 2].map(n => startHttpUpstream(`erp-${n}`)))
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise(resolve => sockets.once('listening', resolve))
  vigia = await startVigia({
    upstreams: nodes.map(each => each.port),
    config: configWith({}),
  })
})
afterAll(async () => {
  await vigia?.stop()
  sockets?.close()
  await Promise.all(nodes.map(each => each.close()))
})

function configWith(more: Record<string, unknown>) {
  const { port } = sockets.address() as { port: number }
  return {
    routes: [
      { name: 'bus', match: { path: '/websocket' }, pool: 'bus' },
      { name: 'web', pool: 'erp' },
    ],
    pools: {
      erp: {
        health: 'off',
        balance: 'round-robin',
        upstreams: nodes.map((each, i) => ({ name: `erp-${i + 1}`, url: `http://127.0.0.1:${each.port}` })),
      },
      bus: { health: 'off', upstreams: [{ name: 'bus-1', url: `http://127.0.0.1:${port}` }] },
    },
    ...more,
  }
}

/** What the tests read of the admin listener's answers. */
interface Answer {
  readonly detail?: string
  readonly windows?: readonly WindowReport[]
  readonly paths?: object
}

async function admin(method: string, path: string, body?: object): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`http://127.0.0.1:${vigia.adminPort}${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Answer }
}

const cli = (...args: string[]) => vigiaCommand([...args, '--admin', `127.0.0.1:${vigia.adminPort}`])
const windowNamed = async (name: string): Promise<WindowReport> => {
  const { windows } = (await admin('GET', '/maintenance')).body
  return windows!.find(each => each.name === name)!
}
/** What a try before this one has left. */
const forget = (name: string) => admin('DELETE', `/maintenance/${name}`, { reason: 'again' })
const statesOf = async (pool = 0) => (await vigia.status()).pools[pool]!.upstreams.map(({ state }) => state)
const ask = (headers: Record<string, string> = {}) => askHttp(vigia.port, '/', { headers })

/** Local time in UTC, so many seconds after the next full one. */
const inSeconds = (seconds: number) =>
  new Date((Math.ceil(Date.now() / 1000) + seconds) * 1000).toISOString().slice(0, 19)
const WHEN = { timeZone: 'UTC' }

test(
  'a window of all drains, closes with a page, lets the team pass, ends tunnels, and opens when it is ended early',
  IN_TIME,
  async () => {
    await forget('night')
    const socket = new WebSocket(`ws://127.0.0.1:${vigia.port}/websocket`)
    await new Promise(resolve => socket.once('open', resolve))
    tunnelEnd = new Promise<number>(resolve => socket.once('close', resolve))
    const made = await admin('POST', '/maintenance', {
      name: 'night',
      everything: true,
      start: inSeconds(2),
      duration: '1h',
      ...WHEN,
      lead: '2s',
      reason: 'Updates of the ERP',
      bypass: { header: { name: 'X-Release-Check', value: SECRET } },
      by: 'ana',
    })
    expect(made).toMatchObject({ status: 200, body: { warnings: [], window: { source: 'api', by: 'ana' } } })
    expect(JSON.stringify(made.body)).not.toContain(SECRET)
    await until('it begins', async () => (await statesOf()).every(state => state !== 'available'))
    expect(await statesOf()).toEqual(['draining', 'draining'])
    expect((await vigia.status()).pools[0]!.upstreams[0]!.why).toMatch(
      /^draining by window night: Updates of the ERP, until /,
    )

    // Before it, what drains answers that it does not serve, with 5 s; and before that all is served.
    await until('it is in force', async () => Number((await ask()).headers['retry-after']) > 5)
    const answer = await ask({ accept: 'text/html', 'accept-language': 'en' })
    expect(answer.status).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(3000)
    expect(answer.body).toContain('Updates of the ERP')
    expect((await ask({ 'x-release-check': SECRET })).status).toBe(200)
    expect((await ask({ 'x-release-check': 'a guess' })).status).toBe(503)

    const status = await vigia.status()
    expect(status.maintenance?.active).toMatchObject([{ name: 'night', status: 'active' }])
    expect(status.pools[0]!.maintenance).toMatchObject({ window: 'night', level: 'answer' })
    expect(await vigia.metrics()).toMatch(/^vigia_maintenance_active\{window="night"\} 1$/m)
    expect((await cli('status')).stdout).toMatch(
      /Maintenance: window night \(everything\) is in force, until \d{4}-\d\d-\d\d \d\d:\d\d, in /,
    )

    const extended = await cli('maintenance', 'extend', 'night', '--duration', '2h', '--reason', 'slow disk')
    expect([extended.code, extended.stdout]).toEqual([
      0,
      expect.stringMatching(/in (179|180) min|in (2 h 59|3 h 0) min.*, extended by \S+: slow disk/),
    ])
    await until('clients are told', async () => Number((await ask()).headers['retry-after']) > 10_000)

    const ended = await cli('maintenance', 'end', 'night', '--reason', 'all done')
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([
      0,
      expect.stringContaining('window night (everything) is over'),
      '',
    ])
    expect((await ask()).status).toBe(200)
    expect(await statesOf()).toEqual(['available', 'available'])
    expect(vigia.stderr()).toMatch(/window night: ended early by \S+: all done/)
    await admin('DELETE', '/maintenance/night', { reason: 'tidy' })
  },
)

test(
  'a window that a reload brings takes one upstream out and back again; those made over the API stay',
  IN_TIME,
  async () => {
    await forget('kept')
    const made = await cli(
      'maintenance',
      'add',
      'kept',
      '--pool',
      'bus',
      '--start',
      '2030-12-01T02:00',
      '--duration',
      '1h',
      '--time-zone',
      'Europe/Rome',
    )
    expect([made.code, made.stderr]).toEqual([0, ''])
    const node = { name: 'node', upstream: 'erp/erp-1', start: inSeconds(1), duration: '2s', ...WHEN }
    await vigia.writeConfig(configWith({ maintenance: [node] }))
    expect((await admin('POST', '/reload', {})).body).toMatchObject({
      result: expect.stringMatching(/applied|unchanged/),
    })
    expect((await windowNamed('kept')).next[0]).toMatchObject({ localStart: '2030-12-01T02:00+01:00' })
    await until(
      'the node is out, or was',
      async () => (await statesOf())[0] === 'disabled' || (await windowNamed('node')).status === 'over',
    )
    const served = await Promise.all(Array.from({ length: 4 }, () => ask()))
    expect(served.map(({ status, body }) => [status, JSON.parse(body).upstream])).toEqual(Array(4).fill([200, 'erp-2']))
    // Both at once would be too many.
    const other = { ...node, name: 'other', upstream: 'erp/erp-2', duration: '1h', start: node.start }
    const refused = await admin('POST', '/maintenance', other)
    expect(refused).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('would leave pool erp with 0 of 2 upstreams') },
    })
    await until('the node is back', async () => (await statesOf())[0] === 'available')
    expect((await windowNamed('node')).status).toBe('over')
  },
)

test('a date that is cancelled leaves the calendar, stands in the list with its author, and comes back', async () => {
  await admin('POST', '/maintenance', {
    name: 'weekly',
    pool: 'bus',
    start: '2099-01-03T02:00',
    duration: '1h',
    timeZone: 'Europe/Lisbon',
    repeat: 'FREQ=WEEKLY',
    by: 'ana',
  })
  const exdates = async () =>
    (await fetchText(vigia.adminPort, '/maintenance.ics')).body.match(/EXDATE;TZID=Europe\/Lisbon:\w+/g)
  expect((await cli('maintenance', 'end', 'weekly', '--next', '--by', 'ana', '--reason', 'no patches')).code).toBe(0)
  expect(await exdates()).toEqual(['EXDATE;TZID=Europe/Lisbon:20990103T020000'])
  const { stdout } = await cli('maintenance', 'list')
  expect(stdout).toContain('cancelled: 2099-01-03 02:00 to 03:00 (Europe/Lisbon), by ana: no patches')
  expect((await cli('maintenance', 'uncancel', 'weekly', '--reason', 'they came')).stdout).toContain('2099-01-03 02:00')
  expect(await exdates()).toBe(null)
  await admin('DELETE', '/maintenance/weekly', { reason: 'tidy' })
})

test('in a freeze changes are refused and say so, an override with a reason is told, and its end lifts it', async () => {
  const start = new Date(Date.now() - 60_000).toISOString().slice(0, 19)
  await admin('POST', '/maintenance', { name: FREEZE, everything: true, freeze: true, start, duration: '1h', ...WHEN })
  const drain = await cli('drain', 'erp/erp-1', '--reason', 'kernel')
  expect(drain).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`change freeze ${FREEZE} protects pool erp until`),
  })
  expect((await cli('drain', 'erp/erp-1', '--reason', 'kernel', '--override')).code).toBe(0)
  await admin('POST', '/pools/erp/enable', {})
  expect(vigia.stderr()).toMatch(/window quarter close: overridden by \S+: drain of erp\/erp-1: kernel/)

  const before = (await vigia.status()).revision
  await vigia.writeConfig(configWith({ shutdown: '9s' }))
  await until('the automatic reload is refused', async () => {
    const { lastReload } = (await vigia.status()).configuration
    return lastReload?.ok === false && lastReload.error?.includes('change freeze') === true
  })
  expect(await admin('POST', '/reload', {})).toMatchObject({ status: 409 })
  const sent = { text: await readFile(vigia.configFile, 'utf8'), reason: 'a longer shutdown' }
  expect(await admin('POST', '/config/apply', sent)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('change freeze') },
  })
  expect((await vigia.status()).revision).toBe(before)
  const forced = await admin('POST', '/reload', { override: true, reason: 'a fix that can not wait' })
  expect(forced).toMatchObject({ status: 200, body: { result: 'applied' } })
  expect((await admin('POST', `/maintenance/${encodeURIComponent(FREEZE)}/end`, { reason: 'closed' })).status).toBe(200)
  expect((await admin('POST', '/pools/erp/upstreams/erp-1/drain', { reason: 'kernel' })).status).toBe(200)
  await admin('POST', '/pools/erp/enable', {})
})

test('wrong wishes are answered with what is wrong; a browser of another page can not ask', async () => {
  const WISH = { name: 'x', pool: 'erp', start: '2030-12-01T02:00', duration: '1h', ...WHEN }
  const problems = async (body: object) => {
    const answer = await admin('POST', '/maintenance', body)
    return [answer.status, answer.body.detail]
  }
  expect(await problems({ ...WISH, pool: 'erpp' })).toEqual([400, 'pool: there is no pool "erpp", did you mean "erp"?'])
  expect(await problems({ ...WISH, colour: 'red' })).toEqual([400, 'the body has a key that is not known here: colour'])
  expect((await problems({ name: 'x' }))[0]).toBe(400)
  expect((await admin('POST', '/maintenance/nothing/end', { reason: 'x' })).status).toBe(404)
  expect((await admin('POST', '/maintenance/kept/end', {})).status).toBe(400)
  expect((await admin('GET', '/maintenance/upcoming?days=x')).status).toBe(400)
  const foreign = await fetch(`http://127.0.0.1:${vigia.adminPort}/maintenance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
    body: JSON.stringify(WISH),
  })
  expect(foreign.status).toBe(403)
})

test('the tunnel that was open when the window began was closed for a restart', async () => {
  expect(await tunnelEnd).toBe(1012)
})

test('the calendar can be subscribed to, and the list is readable', async () => {
  const response = await fetch(`http://127.0.0.1:${vigia.adminPort}/maintenance.ics`)
  expect(response.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
  const events = eventsOf(await response.text())
  expect(events.find(each => each.SUMMARY === 'Maintenance: kept')).toMatchObject({
    'DTSTART;TZID=Europe/Rome': '20301201T020000',
    DURATION: 'PT1H',
    UID: 'kept@vigia',
  })
  const list = await cli('maintenance', 'list')
  expect(list.stdout).toMatch(/^window kept \(pool bus\) is next 2030-12-01 02:00 \(Europe\/Rome\), in \d+ d \d+ h$/m)
  const { paths } = (await admin('GET', '/openapi.json')).body
  expect(Object.keys(paths ?? {})).toEqual(
    expect.arrayContaining(['/maintenance', '/maintenance/{name}/end', '/maintenance.ics']),
  )
})

/** A reader of its own: unfolds lines, and takes what stands in each VEVENT. */
function eventsOf(ics: string): Record<string, string>[] {
  expect(ics.endsWith('END:VCALENDAR\r\n')).toBe(true)
  const lines = ics.replaceAll('\r\n ', '').split('\r\n')
  const events: Record<string, string>[] = []
  let inside = false
  for (const line of lines) {
    if (line === 'BEGIN:VEVENT') events.push({})
    if (line === 'BEGIN:VEVENT' || line === 'END:VEVENT') inside = line === 'BEGIN:VEVENT'
    else if (inside) events.at(-1)![line.slice(0, line.indexOf(':'))] = line.slice(line.indexOf(':') + 1)
  }
  return events
}
