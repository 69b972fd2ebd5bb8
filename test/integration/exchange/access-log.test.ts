// The access log of a running vigia: what a line says, what never stands in it, which requests get one, and what a rotation does to it;
// and what a scrape says of the same requests.

import { readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerOk } from '../../support/raw-answers.ts'
import { exchange } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const answer: Answer = async arrival => {
  if (arrival.target.startsWith('/broken')) arrival.connection.reset()
  else if (arrival.target.startsWith('/error'))
    await arrival.connection.write('HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n')
  else await answerOk(arrival)
}

let upstream: RawUpstream
let vigia: Vigia
let log: string
beforeAll(async () => {
  upstream = await RawUpstream.start(answer)
  vigia = await startVigia({ upstreams: [upstream.port], config: { accessLog: { path: 'access.log' }, watch: false } })
  log = join(dirname(vigia.configFile), 'access.log')
})
afterAll(async () => {
  await vigia?.stop()
  await upstream?.close()
})

type Line = Readonly<Record<string, string | number>> & { readonly path: string }

async function linesOf(file = log): Promise<Line[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Line)
}

async function lineOf(path: string, file = log): Promise<Line> {
  let found: Line | undefined
  await until(`the line of ${path} is written`, async () => {
    found = (await linesOf(file)).find(line => line.path === path)
    return found !== undefined
  })
  return found!
}

const ask = (target: string, fields = '', method = 'GET') =>
  exchange(vigia.port, `${method} ${target} HTTP/1.1\r\nHost: erp.example\r\n${fields}Connection: close\r\n\r\n`)

test('a line tells the phases of a request, its attempts, its end and its trace', async () => {
  // Nobody else was there to ask: why another attempt would have been safe is no matter.
  await ask('/broken-alone')
  expect(await lineOf('/broken-alone')).toMatchObject({ status: 502, attempts: 1, proof: '', end: 'upstream-reset' })
  await ask('/first', `traceparent: 00-${TRACE}-00f067aa0ba902b7-01\r\n`)
  const line = await lineOf('/first')
  expect(line).toMatchObject({
    ...{ type: 'access', route: 'routes[0]', pool: 'erp', upstream: 'erp-1', method: 'GET', host: 'erp.example' },
    ...{ status: 200, attempts: 1, proof: '', end: 'complete', traceId: TRACE, queueMs: 0 },
  })
  const { connectMs, firstByteMs, totalMs } = line as unknown as Record<string, number>
  // None was open.
  expect(connectMs).toBeGreaterThan(0)
  expect(firstByteMs).toBeGreaterThanOrEqual(connectMs!)
  expect(totalMs).toBeGreaterThanOrEqual(firstByteMs!)
  await ask('/second')
  expect(await lineOf('/second')).toMatchObject({ connectMs: 0, traceId: '' })
})

test('no query value, credential, cookie or body is in the log', async () => {
  const body = 'password=secret-4'
  const fields = [
    'Authorization: Bearer secret-1',
    'Proxy-Authorization: Basic secret-2',
    'Cookie: session_id=secret-3',
    'X-Api-Key: secret-5',
    'Referer: http://erp.example/reset?token=secret-6',
    'Content-Length: 17',
  ]
  await exchange(
    vigia.port,
    `POST /login?token=secret-7#secret-8 HTTP/1.1\r\nHost: erp.example\r\nConnection: close\r\n\r\n`,
  )
  await exchange(
    vigia.port,
    `POST /log-in?token=secret-7&a=secret-9 HTTP/1.1\r\nHost: erp.example\r\nConnection: close\r\n${fields.join('\r\n')}\r\n\r\n${body}`,
  )
  expect(await lineOf('/log-in')).toMatchObject({ method: 'POST', status: 200 })
  expect(await readFile(log, 'utf8')).not.toContain('secret')
  expect(vigia.stderr()).not.toContain('secret')
})

test('SIGUSR1 opens the file again, as a log rotation asks for', async () => {
  await ask('/before')
  await lineOf('/before')
  await rename(log, `${log}.1`)
  vigia.kill('SIGUSR1')
  await until('the new file is there', () =>
    readFile(log)
      .then(() => true)
      .catch(() => false),
  )
  await ask('/after')
  expect(await lineOf('/after')).toMatchObject({ status: 200 })
  expect((await linesOf(`${log}.1`)).map(({ path }) => path)).toContain('/before')
  expect(vigia.stderr()).not.toContain('ebugger')
})

test('with a sample of nothing only what went wrong or was slow gets a line, from the next reload on', async () => {
  const sampling = { path: 'access.log', sample: 0, slowerThan: '1m' }
  await vigia.writeConfig({ accessLog: sampling, watch: false })
  vigia.kill('SIGHUP')
  await until('it is in use', async () => (await vigia.status()).revision === 2)
  for (let i = 0; i < 20; i += 1) await ask(`/fine-${i}`)
  await ask('/error')
  await ask('/broken')
  expect(await lineOf('/error')).toMatchObject({ status: 500, end: 'complete' })
  expect(await lineOf('/broken')).toMatchObject({ attempts: 2, proof: 'idempotent', end: 'upstream-reset' })
  expect((await linesOf()).map(({ path }) => path).filter(path => path.startsWith('/fine'))).toEqual([])
})

test('a scrape tells the same requests by route, method and status, why they were tried again, and how workers are', async () => {
  await ask('/written', 'Content-Length: 0\r\n', 'POST')
  await exchange(vigia.port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
  await exchange(vigia.port, 'GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let text = ''
  await until('the worker has told of itself', async () => {
    text = await vigia.metrics()
    return /^vigia_worker_heap_used_bytes\{worker="0"\} [1-9]/m.test(text)
  })
  const value = (series: string) => {
    const line = text.split('\n').find(each => each.startsWith(`${series} `))
    return Number(line?.slice(series.length + 1))
  }
  const route = 'vigia_route_requests_total{route="routes[0]",pool="erp"'
  expect(value(`${route},method="unsafe",code="2xx"}`)).toBeGreaterThanOrEqual(2)
  expect(value(`${route},method="safe",code="2xx"}`)).toBeGreaterThanOrEqual(24)
  expect(value(`${route},method="safe",code="5xx"}`)).toBe(3)
  expect(value('vigia_retries_total{pool="erp",upstream="erp-1",proof="idempotent"}')).toBe(2)
  expect(value('vigia_request_rejects_total{reason="bad-host"}')).toBe(1)
  expect(value('vigia_request_rejects_total{reason="bad-target"}')).toBeGreaterThanOrEqual(1)
  const answered = value('vigia_upstream_first_byte_seconds_count{pool="erp",upstream="erp-1"}')
  expect(answered).toBeGreaterThanOrEqual(27)
  expect(value('vigia_upstream_first_byte_seconds_sum{pool="erp",upstream="erp-1"}')).toBeGreaterThan(0)
  expect(value('vigia_worker_cpu_seconds_total{worker="0",mode="user"}')).toBeGreaterThan(0)
  expect(value('vigia_worker_event_loop_busy_seconds_total{worker="0"}')).toBeGreaterThan(0)
  expect(value('vigia_worker_event_loop_delay_seconds_count{worker="0"}')).toBeGreaterThan(10)
})
