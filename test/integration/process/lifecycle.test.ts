import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import type { StatusReport } from '../../../src/admin/contract/status.ts'
import { freePort } from '../../support/free-port.ts'
import { runHosted, runProgram } from '../../support/host.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia } from '../../support/vigia.ts'

const PROGRAM = fileURLToPath(new URL('../../../bin/vigia.js', import.meta.url))
const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function node(handler: RequestListener): Promise<number> {
  const server = createServer(handler)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** An upstream that answers when told to. */
async function heldNode() {
  const held: (() => void)[] = []
  const port = await node((request, response) => {
    if (request.url === '/held') held.push(() => response.end('held to the end'))
    else response.end('at once')
  })
  return { port, held }
}

const accepts = (port: number) =>
  new Promise<boolean>(resolve => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

/** `vigia run` with this configuration, to its end. */
async function runWith(text: string, by = runHosted): Promise<{ code: number | null; stderr: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-test-'))
  cleanUps.push(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'vigia.yaml')
  await writeFile(file, text)
  const run = by(['run', '-c', file])
  cleanUps.push(async () => run.kill('SIGKILL'))
  const { code } = await run.exited
  return { code, stderr: run.stderr() }
}

const documentWith = (port: number, admin: number) =>
  JSON.stringify({
    workers: 1,
    listeners: [{ name: 'web', address: `127.0.0.1:${port}` }],
    routes: [{ pool: 'erp' }],
    pools: { erp: { health: 'off', upstreams: [{ name: 'erp-1', url: 'http://127.0.0.1:1024' }] } },
    admin: { address: `127.0.0.1:${admin}` },
  })

test('SIGTERM stops accepting, says so on readyz, finishes what is in flight, and exits 0', async () => {
  const { port, held } = await heldNode()
  const vigia = await startVigia({ upstreams: [port], ownProcess: true })
  const answer = fetchText(vigia.port, '/held')
  await until('the request is in flight', () => held.length === 1)
  vigia.kill('SIGTERM')
  await until('readyz says 503', async () => (await fetchText(vigia.adminPort, '/readyz')).status === 503)
  expect((await fetchText(vigia.adminPort, '/healthz')).status).toBe(200)
  await until('new connections are refused', async () => !(await accepts(vigia.port)))
  held[0]!()
  expect(await answer).toEqual({ status: 200, body: 'held to the end' })
  expect(await vigia.exited).toEqual({ code: 0, signal: null })
  expect(vigia.stderr()).toContain('nothing was cut')
})

test('what takes longer than the deadline is answered by vigia, counted as cut, and vigia still exits 0', async () => {
  const { port, held } = await heldNode()
  const vigia = await startVigia({ upstreams: [port], config: { shutdown: '200ms' } })
  const answer = fetchText(vigia.port, '/held')
  await until('the request is in flight', () => held.length === 1)
  vigia.kill('SIGINT')
  expect(await vigia.exited).toEqual({ code: 0, signal: null })
  expect((await answer).status).toBe(503)
  expect(vigia.stderr()).toContain('1 requests were cut')
})

test('a second signal ends vigia at once', async () => {
  const { port, held } = await heldNode()
  const vigia = await startVigia({ upstreams: [port], ownProcess: true })
  const answer = fetchText(vigia.port, '/held').catch(() => 'cut')
  await until('the request is in flight', () => held.length === 1)
  vigia.kill('SIGTERM')
  const repeat = setInterval(() => vigia.kill('SIGTERM'), 50)
  const { code } = await vigia.exited
  clearInterval(repeat)
  expect(code).toBe(143)
  expect(await answer).toBe('cut')
})

test('a port that is taken ends the start with one line that says by whom, and exit code 69', async () => {
  const taken = await node((_request, response) => response.end())
  const { code, stderr } = await runWith(documentWith(taken, await freePort()), args => runProgram(args))
  expect(stderr).toMatch(
    new RegExp(`^vigia: listener web: 127\\.0\\.0\\.1:${taken} is in use by process ${process.pid} \\(node\\); .*\n$`),
  )
  expect(code).toBe(69)
})

test('the port of another vigia is taken too, although its workers would share it', async () => {
  const { port } = await heldNode()
  const other = await startVigia({ upstreams: [port] })
  cleanUps.push(() => other.stop())
  const { code, stderr } = await runWith(documentWith(other.port, await freePort()))
  expect(stderr).toContain(`listener web: 127.0.0.1:${other.port} is in use`)
  expect(code).toBe(69)
  const admin = await runWith(documentWith(await freePort(), other.adminPort))
  expect(admin.stderr).toContain(`admin listener: 127.0.0.1:${other.adminPort} is in use`)
  expect(admin.code).toBe(69)
})

test('a configuration with errors starts nothing: every problem on a line of its own, exit code 1', async () => {
  const { code, stderr } = await runWith('workers: many\nlisteners: []\nrouts: []\n')
  expect(code).toBe(1)
  expect(stderr).toMatch(/vigia\.yaml:1:\d+: workers: /)
  expect(stderr).toContain('nothing was started')
})

test('an older Node.js is told in one line what to do, with exit code 78', async () => {
  const pretend = 'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})'
  const { code, stderr } = await new Promise<{ code: number | null; stderr: string }>(resolve => {
    const child = spawn(process.execPath, ['--import', `data:text/javascript,${pretend}`, PROGRAM, 'run'])
    let stderr = ''
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.on('close', code => resolve({ code, stderr }))
  })
  expect(stderr).toMatch(/^vigia needs Node\.js 26 or newer; this is v.*\n$/)
  expect(code).toBe(78)
})

test('compiled sources are kept beside the sources for the next start, those of worker threads too', async () => {
  const env = { NODE_COMPILE_CACHE: '', NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
  const vigia = await startVigia({ upstreams: [await freePort()], ownProcess: 'sources', env })
  await vigia.stop()
  const folder = join(PROGRAM, '../../node_modules/.cache/vigia/')
  const looks = vigia
    .stderr()
    .split('\n')
    .filter(line => line.includes(`reading cache from ${folder}`))
  expect(looks.some(look => look.includes('/src/main.ts'))).toBe(true)
  expect(looks.some(look => look.includes('/src/proxy/worker.ts'))).toBe(true)
})

test('SIGHUP takes over a changed file without losing a request or a state; a bad file changes nothing', async () => {
  const { port, held } = await heldNode()
  const other = await node((_request, response) => response.end('other'))
  const vigia = await startVigia({ upstreams: [port], pool: { health: { type: 'tcp', interval: '1h' } } })
  cleanUps.push(() => vigia.stop())
  const status = async () => (await vigia.status()) as StatusReport
  await until('erp-1 is available', async () => (await status()).pools[0]!.upstreams[0]!.state === 'available')
  const before = (await status()).pools[0]!.upstreams[0]!
  const answer = fetchText(vigia.port, '/held')
  await until('the request is in flight', () => held.length === 1)

  const upstreams = [
    { name: 'erp-1', url: `http://127.0.0.1:${port}`, weight: 0 },
    { name: 'erp-2', url: `http://127.0.0.1:${other}` },
  ]
  await vigia.writeConfig({ pools: { erp: { health: { type: 'tcp', interval: '1h' }, upstreams } } })
  vigia.kill('SIGHUP')
  await until('revision 2 is in use', async () => (await status()).workers.every(worker => worker.revision === 2))
  expect((await status()).pools[0]!.upstreams[0]).toMatchObject({
    state: 'available',
    since: before.since,
    weight: 0,
    inFlight: 1,
  })
  await until('the new upstream serves', async () => (await fetchText(vigia.port, '/')).body === 'other')
  held[0]!()
  expect((await answer).body).toBe('held to the end')

  await vigia.writeConfig({ pools: { erp: { upstreams: [] } }, routs: [] })
  vigia.kill('SIGHUP')
  await until('the problems are logged', () => vigia.stderr().includes('the former configuration stays'))
  expect((await status()).revision).toBe(2)
  expect((await fetchText(vigia.port, '/')).body).toBe('other')
})

test('a reload to a port that is taken is refused, and the former listeners serve on', async () => {
  const { port } = await heldNode()
  const taken = await node((_request, response) => response.end())
  const vigia = await startVigia({ upstreams: [port] })
  cleanUps.push(() => vigia.stop())
  await vigia.writeConfig({ listeners: [{ name: 'web', address: `127.0.0.1:${taken}` }] })
  vigia.kill('SIGHUP')
  await until('the refusal is logged', () => vigia.stderr().includes('reload failed'))
  expect(vigia.stderr()).toContain(`127.0.0.1:${taken} is in use`)
  expect((await fetchText(vigia.port, '/')).body).toBe('at once')
})
