import { expect, test } from 'vitest'
import type { ControlView, Readiness, StatusReport } from '../../../src/admin/contract/status.ts'
import { buildAdmin } from '../../../src/admin/server.ts'

const REPORT: StatusReport = {
  version: '1.2.3',
  revision: 1,
  configuration: {
    revision: 1,
    appliedAt: '2026-01-01T00:00:00.000Z',
    source: 'start',
    file: './vigia.yaml',
    lastReload: null,
    fileDiffers: null,
  },
  state: 'ready',
  startedAt: '2026-01-01T00:00:00.000Z',
  uptimeS: 5,
  listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
  workers: [],
  clients: {
    connections: 0,
    limit: 10_000,
    limitWarning: null,
    rejects: 0,
    overLimit: 0,
    answers: { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 },
  },
  accessLog: { enabled: false, destination: 'stdout', sampled: false },
  store: null,
  pools: [],
}

function adminWith(more: Partial<ControlView> = {}) {
  const errors: unknown[] = []
  const app = buildAdmin(
    {
      status: () => REPORT,
      inDoubt: () => ({ total: 0, dropped: 0, open: 0, records: [] }),
      readiness: () => ({ ready: true, reason: 'ready: 2 of 2 workers listen' }),
      metrics: async () => ({
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: Buffer.from('vigia_info 1\n'),
      }),
      ...more,
    },
    error => errors.push(error),
    { boundTo: '127.0.0.1' },
  )
  return { app, errors }
}

test('healthz says that the process is up', async () => {
  const response = await adminWith().app.inject('/healthz')
  expect([response.statusCode, response.body]).toEqual([200, 'ok\n'])
})

test('readyz is 200 when ready, and a problem with 503 and the reason when not', async () => {
  let readiness: Readiness = { ready: true, reason: 'ready' }
  const { app } = adminWith({ readiness: () => readiness })
  expect((await app.inject('/readyz')).statusCode).toBe(200)
  readiness = { ready: false, reason: 'draining: vigia is being stopped' }
  const response = await app.inject('/readyz')
  expect(response.statusCode).toBe(503)
  expect(response.headers['content-type']).toContain('application/problem+json')
  expect(response.json()).toEqual({ type: 'about:blank', title: 'Not ready', status: 503, detail: readiness.reason })
})

test('status is the report as JSON, and is never cached', async () => {
  const response = await adminWith().app.inject('/status')
  expect(response.json()).toEqual(REPORT)
  expect(response.headers['content-type']).toContain('application/json')
  expect(response.headers['cache-control']).toBe('no-store')
})

test('the in-doubt list is asked for with a limit or without, and a limit that is none is refused', async () => {
  const limits: (number | undefined)[] = []
  const { app } = adminWith({
    inDoubt: limit => {
      limits.push(limit)
      return { total: 3, dropped: 1, open: 2, records: [] }
    },
  })
  const response = await app.inject('/in-doubt')
  expect(response.json()).toEqual({ total: 3, dropped: 1, open: 2, records: [] })
  expect(response.headers['cache-control']).toBe('no-store')
  await app.inject('/in-doubt?limit=20')
  expect(limits).toEqual([undefined, 20])
  for (const bad of ['', '-1', 'x', '1.5', '1e3', '1&limit=2', '99999999']) {
    const refused = await app.inject(`/in-doubt?limit=${bad}`)
    expect(refused.statusCode, bad).toBe(400)
    expect(refused.headers['content-type']).toContain('application/problem+json')
  }
  expect(limits).toHaveLength(2)
})

test('metrics come with the content type that Prometheus expects', async () => {
  const response = await adminWith().app.inject('/metrics')
  expect(response.body).toBe('vigia_info 1\n')
  expect(response.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
})

test('an unknown path is a problem that says what there is', async () => {
  const response = await adminWith().app.inject('/nope?token=x')
  expect(response.statusCode).toBe(404)
  expect(response.json()).toMatchObject({ status: 404, detail: expect.stringContaining('/status') })
})

test('nothing can be written', async () => {
  const { app } = adminWith()
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
    const response = await app.inject({ method, url: '/status' })
    expect(response.statusCode).toBe(405)
    expect(response.headers.allow).toBe('GET, HEAD')
  }
  const large = await app.inject({ method: 'POST', url: '/status', payload: { text: 'x'.repeat(5000) } })
  expect(large.statusCode).toBeGreaterThanOrEqual(400)
})

test('an internal error is told to the log, not to the client', async () => {
  const secret = new Error('secret detail')
  const { app, errors } = adminWith({
    status: () => {
      throw secret
    },
  })
  const response = await app.inject('/status')
  expect(response.statusCode).toBe(500)
  expect(response.body).not.toContain('secret')
  expect(errors).toEqual([secret])
})
