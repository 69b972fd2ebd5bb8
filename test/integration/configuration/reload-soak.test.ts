// The short form of test/soak/reloads.ts: reloads under load, with WebSockets open.

import { expect, test } from 'vitest'
import { runReloads } from '../../soak/reload-run.ts'

test('ten reloads under load fail no request and drop no WebSocket', async () => {
  const result = await runReloads({ reloads: 10, sockets: 20, clients: 4 })
  expect(result.failed).toEqual([])
  expect(result.dropped).toEqual([])
  expect(result.requests).toBeGreaterThan(100)
  expect(result.echoes).toBeGreaterThan(20)
  expect(result.log).not.toContain('reload failed')
})
