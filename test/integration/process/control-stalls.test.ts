import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { fetchText, startVigia } from '../../support/vigia.ts'

const STALLING = new URL('../fixtures/stalling-control.ts', import.meta.url).href

test('while control stands still a worker says so and all serve on; where it stays away, vigia ends itself', async () => {
  const node = createServer((_request, response) => response.end('served'))
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  const vigia = await startVigia({
    upstreams: [(node.address() as AddressInfo).port],
    config: { workers: 2, shutdown: '200ms', watchdog: { control: '4s' } },
    env: { NODE_OPTIONS: `--import=${STALLING}`, STALLS_MS: '2500,600000' },
    ownProcess: true,
  })
  const said = (text: string) => vigia.stderr().split(text).length - 1
  try {
    // 1. It comes back: everybody learns for how long it was away.
    vigia.kill('SIGUSR2')
    await until('a worker says so', () => said('the control plane stands still') > 0)
    expect((await fetchText(vigia.port, '/')).body).toBe('served')
    await until('control says so itself', () => said('"the control plane stood still for') > 0)
    expect(await vigia.metrics()).toMatch(/^vigia_control_stalls_total [1-9]/m)
    const before = said('the control plane stands still')
    // 2. It does not: SIGTERM is heard by nobody, and the end comes all the same.
    vigia.kill('SIGUSR2')
    await until('a worker says so again', () => said('the control plane stands still') > before)
    vigia.kill('SIGTERM')
    expect((await fetchText(vigia.port, '/')).body).toBe('served')
    expect(await vigia.exited).toMatchObject({ signal: 'SIGKILL' })
    expect(vigia.stderr()).toMatch(/has stood still for \d+ s, at standStill \(\S*stalling-control\.ts:\d+\)/)
  } finally {
    vigia.kill('SIGKILL')
    node.close()
  }
})
