// What an operator types in a bad night, against a real vigia with a store: a machine out of all pools, an incident, what has happened.

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { vigiaCommand } from '../../support/command.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-night-'))
const start = '2099-12-06T02:00'
const window = { name: 'later', pool: 'crm', start, duration: '4h', timeZone: 'UTC', repeat: 'FREQ=DAILY' }
const pools = {
  erp: {
    health: 'off',
    upstreams: [
      { name: 'node-1', url: 'http://127.0.0.1:9' },
      { name: 'node-2', url: 'http://127.0.0.1:9' },
    ],
  },
  crm: { health: 'off', upstreams: [{ name: 'node-1', url: 'http://127.0.0.1:9' }] },
}
const setup = { config: { pools, store: join(folder, 'vigia.db'), maintenance: [window] } }
const startAgain = () => startVigia(setup)
let vigia: Vigia
beforeAll(async () => {
  vigia = await startAgain()
})
afterAll(async () => {
  await vigia.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The address comes from the environment. */
const cli = (...args: string[]) => vigiaCommand(args, undefined, { VIGIA_ADMIN: `127.0.0.1:${vigia.adminPort}` })

test('*/NODE takes a machine out of all pools, and says of each where it is refused; the pool with nobody left is told', async () => {
  const disable = ['disable', '*/node-1', '--reason', 'fan']
  const first = await cli(...disable)
  expect(first.code).toBe(1)
  expect(first.stdout).toMatch(/^erp\/node-1 is disabled: .*fan$/m)
  expect(first.stderr).toContain('disable crm/node-1 is refused: pool crm would be left without an available upstream')
  expect(await cli(...disable, '--force')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/erp\/node-1 is disabled[\s\S]*crm\/node-1 is disabled/),
  })
  expect((await fetchText(vigia.port, '/')).status).toBe(502)
  const status = (await cli('status')).stdout
  expect(status).toContain('Pool crm has NOBODY LEFT')
  expect(await cli('enable', '*/node-1')).toMatchObject({ code: 0 })
  expect(await cli('enable', '*/node-9')).toMatchObject({
    code: 1,
    stderr: 'vigia: enable */node-9 is refused: no pool has an upstream "node-9"\n',
  })
  const events = (await cli('events', '--type', 'pool', '--since', '1h')).stdout.trim().split('\n')
  expect(events).toEqual([
    expect.stringMatching(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d {2}pool {8}pool crm has nobody left: node-1 is disabled/,
    ),
    expect.stringMatching(/pool crm is served again by node-1, after \d+ s; meanwhile its users got no answer$/),
  ])
  expect((await cli('events', '--pool', 'erp')).stdout).not.toContain('crm')
  expect(await cli('events', '--since', 'teatime')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('how long ago'),
  })
  expect(vigia.stderr()).toMatch(/vigia \S+ starts: process \d+, .*vigia.yaml, configuration revision 1/)
  await until('the incident is kept', async () => {
    const { stdout } = await cli('incidents', '--pool', 'crm')
    return /^\S+ \S+ \S+ {2}pool crm: \d+ s, 0 requests failed: disabled by .*: fan$/m.test(stdout)
  })
})

test('a window that is not under way is cancelled by the word that people try', async () => {
  const { code, stdout } = await cli('maintenance', 'cancel', 'later', '--reason', 'year end')
  expect([code, stdout]).toEqual([0, expect.stringContaining('window later (pool crm) is next 2099-12-07 02:00 (UTC)')])
})

test('a restart forgets no events, and is an incident of its own', async () => {
  const told = (await cli('events', '--type', 'pool')).stdout
  await vigia.stop()
  vigia = await startAgain()
  expect((await cli('events', '--type', 'pool')).stdout).toBe(told)
  expect(statSync(join(folder, 'vigia.db.events')).mode & 0o777).toBe(0o600)
  await until('the downtime is kept', async () =>
    /vigia did not run: \d+ s: vigia was stopped by SIGTERM$/m.test((await cli('incidents')).stdout),
  )
})
